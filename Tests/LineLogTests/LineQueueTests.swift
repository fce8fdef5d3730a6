import Foundation
import Ledger
import LineLog
import Logging
import Testing

@Suite("the program's log", .timeLimit(.minutes(1)))
struct LineQueueTests {
    private let pipe = Pipe()
    private let lines: LineQueue

    init() {
        lines = LineQueue(descriptor: pipe.fileHandleForWriting.fileDescriptor)
    }

    /// All that was written, until the last line that was taken.
    private func text(until last: String) throws -> [Substring] {
        var data = Data()
        while !data.suffix(last.utf8.count + 1).elementsEqual((last + "\n").utf8) {
            let more = pipe.fileHandleForReading.availableData
            try #require(!more.isEmpty)
            data += more
        }
        return String(decoding: data, as: UTF8.self).split(separator: "\n")
    }

    @Test("a message is one line: time, level, label, what belongs to it by name, module, words")
    func line() throws {
        var logger = Logger(label: "test") {
            LineLogHandler(label: $0, level: .info, lines: lines) { Timestamp(microseconds: 0) }
        }
        logger[metadataKey: "b"] = "first\nsecond"
        logger.debug("nothing")
        logger.warning("words", metadata: ["a": "\(1)"], source: "Module")
        lines.append("end")
        let text = try text(until: "end")
        #expect(text.count == 2)
        let words = "warning test: a=1 b=first second [Module] words"
        #expect(text[0] == "1970-01-01T00:00:00.000000Z " + words)
    }

    @Test("nobody waits for a reader that does not read, and what found no room is counted")
    func full() throws {
        let count = 40_000
        let line = String(repeating: "x", count: 99)
        for _ in 0..<count { lines.append(line) }
        // It returns, although nobody has read.
        lines.flush()
        let reader = Thread { [lines] in
            // Once there is room again.
            Thread.sleep(forTimeInterval: 0.1)
            lines.append("end")
        }
        var data = Data()
        while data.count < LineQueue.bytesMax / 2 {
            data += pipe.fileHandleForReading.availableData
        }
        reader.start()
        let rest = try text(until: "end")
        let text = String(decoding: data, as: UTF8.self).split(separator: "\n")
        let whole = (text.map(String.init) + rest.map(String.init)).joined(separator: "\n")
        let droppedCount = whole.matches(of: /(\d+) lines were dropped here/)
            .compactMap { Int($0.1) }.reduce(0, +)
        let written = whole.utf8.count { $0 == UInt8(ascii: "x") } / line.count
        #expect(droppedCount > 0)
        #expect(written + droppedCount == count)
    }
}
