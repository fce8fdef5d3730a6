import Ledger
import SeededRandom
import Testing
import Vault

@Suite("mutated API keys")
struct APIKeyFuzzTests {
    private static let pieces = ["tl_live_", "tl_test_", "é", "\u{0}", " ", "\n", "0", "F", "a"]

    @Test("no change of a key is a key, and no key has two spellings")
    func mutations() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        let keys = [APIKey(isTest: true), APIKey(isTest: false)].map(\.secret.exposed)
        for key in keys { #expect(APIKey(key)?.secret.exposed == key) }
        var changed = 0
        for round in 0..<40_000 * FuzzLength.times {
            var bytes = Array(keys[round % 2].utf8)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<6, using: &random) {
                case 0: bytes[place] = .random(in: 0...255, using: &random)
                case 1: bytes[place] ^= 0x20
                case 2: bytes.swapAt(place, Int.random(in: 0..<bytes.count, using: &random))
                case 3: bytes.remove(at: place)
                case 4: bytes.insert(bytes[place], at: place)
                default:
                    let piece = Self.pieces.randomElement(using: &random) ?? ""
                    bytes.replaceSubrange(
                        place..<min(bytes.count, place + piece.utf8.count),
                        with: piece.utf8
                    )
                }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            guard !keys.contains(text) else { continue }
            changed += 1
            if APIKey(text) != nil { Issue.record("seed \(seed): \(text)") }
        }
        #expect(changed > 20_000, "seed \(seed)")
    }
}
