import HumanConnect
import Ledger
import SeededRandom
import Testing

@Suite("mutated answers")
struct TokenAnswerFuzzTests {
    static let good = Array(HumanConnectClientTests.good.utf8)
    static let pieces = [
        "\"", "\\", "{", "}", "[", ",", ":", "null", "\\u0000", "\\ud800", "\"humanId\":\"x\",",
        "\"accessToken\":\"\",", "1e9", " ", "\u{7F}", "é",
    ]

    private func mutated(_ generator: inout SeededRandom) -> [UInt8] {
        var body = Self.good
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let place = Int.random(in: 0...body.count, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: body.insert(.random(in: 0...255, using: &generator), at: place)
            case 1: body.removeSubrange(place..<min(body.count, place + 3))
            case 2: body.removeSubrange(place...)
            default:
                let piece = Self.pieces.randomElement(using: &generator) ?? ""
                body.insert(contentsOf: piece.utf8, at: place)
            }
        }
        return body
    }

    @Test("whatever comes, either it is refused or every token is one plain text")
    func mutations() throws {
        #expect(try TokenAnswer(body: Self.good).humanID.exposed == "h")
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededRandom(seed: seed)
        var refused = 0
        for _ in 0..<100_000 * FuzzLength.times {
            let body = mutated(&generator)
            guard let answer = try? TokenAnswer(body: body) else {
                refused += 1
                continue
            }
            for token in [answer.humanID, answer.accessToken, answer.publicToken] {
                let plain =
                    !token.exposed.isEmpty
                    && token.exposed.unicodeScalars.allSatisfy {
                        $0.properties.generalCategory != .control
                    }
                if !plain { Issue.record("seed \(seed): \(String(decoding: body, as: UTF8.self))") }
            }
        }
        #expect(refused > 10_000, "seed \(seed)")
    }
}
