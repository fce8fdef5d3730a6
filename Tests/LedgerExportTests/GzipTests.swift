import SeededRandom
import Testing

@testable import LedgerExport

@Suite("Gzip", .timeLimit(.minutes(5)))
struct GzipTests {
    private static let seed: UInt64 = 41

    private func content(_ count: Int) -> [UInt8] {
        var numbers = SeededRandom(seed: Self.seed)
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: numbers.next() % 23) }
    }

    /// Expands in pieces of a size.
    private func expand(_ bytes: [UInt8], every step: Int = 1 << 20) throws -> [UInt8] {
        let reader = GzipReader()
        var content: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: step) {
            var input = bytes[start..<min(start + step, bytes.count)]
            while true {
                let part = try reader.read(&input)
                #expect(part.count <= GzipReader.outputBytesMax)
                if part.isEmpty, input.isEmpty { break }
                content += part
            }
        }
        try reader.finish()
        return content
    }

    @Test("what was written is read back, whatever the pieces", arguments: [0, 1, 300, 2_000_000])
    func roundTrip(_ count: Int) throws {
        let content = content(count)
        let writer = GzipWriter()
        var bytes: [UInt8] = []
        for start in stride(from: 0, to: count, by: 70_001) {
            bytes += writer.append(Array(content[start..<min(start + 70_001, count)]))
        }
        bytes += writer.finish()
        #expect(try expand(bytes) == content)
        if count < 1_000 { #expect(try expand(bytes, every: 1) == content) }
        #expect(try expand(bytes, every: 4_099) == content)
        // No time and no name: RFC 1952, section 2.3.
        #expect(bytes[3...7].allSatisfy { $0 == 0 })
    }

    @Test("members follow each other, and other programs read them")
    func members() async throws {
        let writer = GzipWriter()
        var bytes: [UInt8] = []
        for text in ["one\n", "two\n", "three\n"] {
            bytes += writer.append(Array(text.utf8))
            bytes += writer.finish()
        }
        #expect(try expand(bytes) == Array("one\ntwo\nthree\n".utf8))
        #expect(try expand(bytes, every: 1) == Array("one\ntwo\nthree\n".utf8))
        let folder = try TemporaryFolder()
        try folder.write("a.gz", bytes)
        let program = "import gzip, sys; sys.stdout.write(gzip.open(sys.argv[1], 'rt').read())"
        let answer = try await PythonVerifier.run(["-c", program, folder.file("a.gz")])
        #expect(answer.text == "one\ntwo\nthree\n")
    }

    @Test("damage and truncation are noticed everywhere")
    func damage() throws {
        let writer = GzipWriter()
        let content = content(400)
        let bytes = writer.append(content) + writer.finish()
        for count in bytes.indices {
            #expect(throws: GzipError.truncated) { try expand(Array(bytes[..<count])) }
        }
        // The operating system's number says nothing about the content (RFC 1952, section 2.3.1).
        for index in bytes.indices where index != 9 {
            for bit in 0..<8 {
                var changed = bytes
                changed[index] ^= 1 << UInt8(bit)
                let read = try? expand(changed)
                #expect(read == nil || read == content, "byte \(index), bit \(bit)")
            }
        }
        #expect(throws: GzipError.damaged) { try expand(bytes + Array("rest of it".utf8)) }
        #expect(throws: GzipError.truncated) { try expand(bytes + [0x1F]) }
        #expect(throws: GzipError.truncated) { try expand([]) }
    }

    @Test("a small input that expands to very much comes in pieces")
    func bomb() throws {
        let writer = GzipWriter()
        var bytes: [UInt8] = []
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        for _ in 0..<64 { bytes += writer.append(zeros) }
        bytes += writer.finish()
        #expect(bytes.count < 100_000)
        let reader = GzipReader()
        var input = bytes[...]
        var count = 0
        while true {
            let part = try reader.read(&input)
            #expect(part.count <= GzipReader.outputBytesMax)
            if part.isEmpty { break }
            count += part.count
        }
        try reader.finish()
        #expect(count == 64 << 20)
    }
}
