import Foundation
import SeededRandom
import Testing
import Wire

/// Codings against those of Foundation, and back and forth.
@Suite("codings of random texts")
struct CodingFuzzTests {
    private static let pieces = [
        "%", "%4", "%41", "%zz", "%C3%A9", "%FF", "%C3", "%00", "%2B", "+", "é", "\u{1F600}", "a",
        "/",
        "%ED%A0%80", "%f0%9f%98%80", "%%", "~", " ",
    ]

    private func text(_ random: inout SeededRandom) -> String {
        (0..<Int.random(in: 0...8, using: &random)).map { _ in
            guard Int.random(in: 0..<4, using: &random) > 0 else {
                let scalar = UInt32.random(in: 0...0x10FFFF, using: &random)
                return Unicode.Scalar(scalar).map(String.init) ?? ""
            }
            return Self.pieces.randomElement(using: &random) ?? ""
        }.joined()
    }

    @Test("percent coding is undone, and read as Foundation reads it")
    func percentCoding() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        var (read, refused) = (0, 0)
        for _ in 0..<50_000 * FuzzLength.times {
            let text = text(&random)
            for kept in [PercentCoding.Kept.component, .unreserved] {
                let encoded = PercentCoding.encode(text, keeping: kept)
                let decoded = PercentCoding.decode(encoded.utf8)
                if decoded.map({ Array($0.utf8) }) != Array(text.utf8) {
                    Issue.record("seed \(seed): \(text)")
                }
            }
            let ours = PercentCoding.decode(text.utf8)
            if ours == nil { refused += 1 } else { read += 1 }
            if ours.map({ Array($0.utf8) }) != text.removingPercentEncoding.map({ Array($0.utf8) })
            {
                Issue.record("seed \(seed): \(Array(text.utf8))")
            }
        }
        #expect(read > 5_000 && refused > 5_000, "seed \(seed): \(read) \(refused)")
    }

    @Test("hexadecimal digits and base64 have one spelling for some bytes, and are undone")
    func bytes() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        for _ in 0..<20_000 * FuzzLength.times {
            let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            let texts = [Hexadecimal.encode(bytes), Base64.standard.encode(bytes)]
            #expect(texts[1] == Data(bytes).base64EncodedString())
            #expect(Hexadecimal.decode(texts[0]) == bytes, "seed \(seed)")
            #expect(Base64.standard.decode(texts[1].utf8) == bytes, "seed \(seed)")
            guard !bytes.isEmpty else { continue }
            var other = Array(texts[1].utf8)
            other[Int.random(in: 0..<other.count, using: &random)] = .random(
                in: 0...255,
                using: &random
            )
            guard let read = Base64.standard.decode(other) else { continue }
            if Array(Base64.standard.encode(read).utf8) != other {
                Issue.record("seed \(seed): \(other)")
            }
        }
    }
}
