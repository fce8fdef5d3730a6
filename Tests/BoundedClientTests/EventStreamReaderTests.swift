import BoundedClient
import Testing

@Suite("Server-sent events", .timeLimit(.minutes(1)))
struct EventStreamReaderTests {
    private typealias Event = EventStreamReader.Event

    private static func read(_ text: String, inPiecesOf size: Int) async throws -> [Event] {
        var reader = EventStreamReader(bytesMax: 1_000)
        var events: [Event] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let wantsMore = try await reader.read(rest.prefix(size)) { event in
                events.append(event)
                return true
            }
            #expect(wantsMore)
            rest = rest.dropFirst(size)
        }
        return events
    }

    /// The examples of the standard, and what it says of each.
    private static let examples: [(text: String, events: [Event])] = [
        (
            "data: YHOO\ndata: +2\ndata: 10\n\n", [Event(id: "", data: "YHOO\n+2\n10")]
        ),
        (
            ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
            [
                Event(id: "1", data: "first event"), Event(id: "", data: "second event"),
                Event(id: "", data: " third event"),
            ]
        ),
        (
            "data\n\ndata\ndata\n\ndata:",
            [Event(id: "", data: ""), Event(id: "", data: "\n")]
        ),
        (
            "data:test\n\ndata: test\n\n",
            [Event(id: "", data: "test"), Event(id: "", data: "test")]
        ),
        (
            "\u{FEFF}event: a\r\ndata: é\rid: 7\n\r\nunknown: x\nid: 8\n\ndata: b\n\n",
            [Event(id: "7", type: "a", data: "é"), Event(id: "8", data: "b")]
        ),
        ("id: a\u{0}b\ndata: c\n\n", [Event(id: "", data: "c")]),
    ]

    @Test("what the standard shows is read as it says, wherever the pieces end")
    func standard() async throws {
        for (text, events) in Self.examples {
            for size in [1, 2, 3, 7, 1_000] {
                let read = try await Self.read(text, inPiecesOf: size)
                #expect(read == events, "\(text) by \(size)")
            }
        }
    }

    @Test("an id without data moves the place where to go on, and is no event")
    func place() async throws {
        var reader = EventStreamReader(bytesMax: 100, lastID: "3")
        #expect(reader.lastID == "3")
        await reader.expectNothing(in: "retry: 1500\n: begins\n\n")
        #expect(reader.retry == .milliseconds(1_500) && reader.lastID == "3")
        await reader.expectNothing(in: "id: 9\n: nothing new\nretry: x\n\n")
        #expect(reader.lastID == "9" && reader.retry == .milliseconds(1_500))
        await reader.expectNothing(in: "id: 10\ndata: cut")
        #expect(reader.lastID == "9", "half an event was not read")
    }

    @Test("what was not taken, and half an event, is read again on the next connection")
    func comingBack() async throws {
        var reader = EventStreamReader(bytesMax: 100)
        var taken: [String] = []
        let text = "id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\ndata: c\n\n"
        let wantsMore = try await reader.read(text.utf8) { event in
            taken.append(event.data)
            return event.id != "2"
        }
        #expect(!wantsMore && taken == ["a", "b"] && reader.lastID == "2")
        reader.begin()
        await reader.expectNothing(in: "id: 3\nevent: x\ndata: half")
        #expect(reader.lastID == "2")
        reader.begin()
        var events: [Event] = []
        _ = try await reader.read("data: c\n\n".utf8) { event in
            events.append(event)
            return true
        }
        #expect(events == [Event(id: "2", data: "c")])
    }

    @Test("a line or an event without end is given up")
    func bounds() async {
        var reader = EventStreamReader(bytesMax: 10)
        await #expect(throws: EventStreamReader.TooLong.self) {
            try await reader.readNothing("data: 0123456789")
        }
        reader = EventStreamReader(bytesMax: 10)
        await #expect(throws: EventStreamReader.TooLong.self) {
            for _ in 0..<5 { _ = try await reader.readNothing("data:012\n") }
        }
    }
}

extension EventStreamReader {
    /// Reads a text in which no event ends; whether that is so.
    @discardableResult fileprivate mutating func readNothing(_ text: String) async throws -> Bool {
        try await read(text.utf8) { _ in false }
    }

    fileprivate mutating func expectNothing(in text: String) async {
        let isNothing = try? await readNothing(text)
        #expect(isNothing == true, "\(text)")
    }
}
