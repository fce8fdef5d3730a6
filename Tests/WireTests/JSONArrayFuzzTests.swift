import SeededRandom
import Testing
import Wire

@Suite("mutated arrays", .timeLimit(.minutes(5)))
struct JSONArrayFuzzTests {
    private static let good = Array(
        #"[{"a":"é]},\"[","b":[1,{"c":"\\"}]}, -1.5e3,"\u005d,",null,[[]] ,{},true]"#.utf8
    )
    private static let pieces = ["\"", "\\", "{", "}", "[", "]", ",", ":", "[]", ",1", "é", " "]

    private func mutated(_ random: inout SeededRandom) -> [UInt8] {
        var text = Self.good
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            let place = Int.random(in: 0...text.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: text.removeSubrange(place..<min(text.count, place + 2))
            case 1: text.insert(.random(in: 0...255, using: &random), at: place)
            default:
                let piece = Self.pieces.randomElement(using: &random) ?? ""
                text.insert(contentsOf: piece.utf8, at: place)
            }
        }
        return text
    }

    /// The elements as the reader cuts them out, pieces of random sizes given; nil for no array.
    private func elements(_ text: [UInt8], _ random: inout SeededRandom) -> [[UInt8]]? {
        var reader = JSONArrayReader(elementBytesMax: 1_000)
        var found: [[UInt8]] = []
        var rest = text[...]
        do {
            while !rest.isEmpty {
                let size = Int.random(in: 1...20, using: &random)
                try reader.read(Array(rest.prefix(size))) { element in
                    if case .bytes(let bytes) = element { found.append(bytes) }
                }
                rest = rest.dropFirst(size)
            }
            try reader.end()
        } catch {
            return nil
        }
        return found
    }

    @Test("the reader and the parser of whole texts agree on what is an array, and on its elements")
    func agreement() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        var arrays = 0
        for _ in 0..<50_000 * FuzzLength.times {
            let text = mutated(&random)
            let cut = elements(text, &random)?.map { try? JSONParser.parse($0, depthMax: 15) }
            let whole = try? JSONParser.parse(text, depthMax: 16)
            // An element that is no JSON makes the whole no JSON; the reader hands it out.
            let joined = cut.flatMap { $0.contains(nil) ? nil : $0.compactMap { $0 } }
            if case .array(let elements)? = whole {
                arrays += 1
                if joined != elements { Issue.record("seed \(seed): \(text)") }
            } else if joined != nil {
                Issue.record("seed \(seed): \(text)")
            }
        }
        #expect(arrays > 5_000, "seed \(seed)")
    }
}
