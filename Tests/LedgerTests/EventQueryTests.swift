@testable import Ledger
import Testing

@Suite("Questions for events")
struct EventQueryTests {
    private static let time = Golden.time

    private func record(clientID: String = "demo", subject: Identifier? = Golden.subject) -> Record
    {
        Record(
            id: Golden.cause,
            clientID: clientID,
            subject: subject,
            time: Self.time,
            subjectVersion: nil,
            context: RecordContext(actor: "operator"),
            event: .launchClosed(launch: Golden.launch)
        )
    }

    @Test("without a condition every event is asked for")
    func everything() {
        #expect(EventQuery().matches(record()))
        #expect(EventQuery().matches(record(clientID: "", subject: nil)))
        #expect(EventQuery().isEmpty)
        #expect(!EventQuery().isWholeSubject)
    }

    @Test(
        "an app's events are those with the same bytes as its clientId",
        arguments: ["demo", "", "Demo", "dem", "demo ", "demo\u{0}", "*", "%"]
    )
    func app(clientID: String) {
        let query = EventQuery(clientID: clientID)
        #expect(query.matches(record()) == (clientID == "demo"))
        #expect(query.matches(record(clientID: clientID)))
        #expect(!query.isEmpty)
    }

    @Test("two ways of writing é are two apps")
    func spellings() {
        let query = EventQuery(clientID: "caf\u{E9}")
        #expect(query.matches(record(clientID: "caf\u{E9}")))
        #expect(!query.matches(record(clientID: "cafe\u{301}")))
    }

    @Test("a user's events are those about the user, and none without one")
    func subject() {
        let query = EventQuery(subject: Golden.subject)
        #expect(query.matches(record()))
        #expect(!query.matches(record(subject: Golden.cause)))
        #expect(!query.matches(record(subject: nil)))
    }

    @Test("an event has one of the types")
    func types() {
        #expect(EventQuery(types: ["launch.closed"]).matches(record()))
        #expect(EventQuery(types: ["token.read", "launch.closed"]).matches(record()))
        #expect(!EventQuery(types: ["launch.failed", "launch", ""]).matches(record()))
    }

    @Test("the first moment is included", arguments: [-1, 0, 1])
    func since(offset: Int64) {
        let query = EventQuery(since: Timestamp(microseconds: Self.time.microseconds + offset))
        #expect(query.matches(record()) == (offset <= 0))
    }

    @Test("the last moment is not included", arguments: [-1, 0, 1])
    func before(offset: Int64) {
        let query = EventQuery(before: Timestamp(microseconds: Self.time.microseconds + offset))
        #expect(query.matches(record()) == (offset > 0))
    }

    @Test("one condition that does not hold is enough", arguments: 0..<5)
    func together(failing: Int) {
        var query = EventQuery(
            clientID: "demo",
            subject: Golden.subject,
            types: ["launch.closed"],
            since: Self.time,
            before: Self.time.adding(seconds: 1)
        )
        #expect(query.matches(record()))
        switch failing {
        case 0: query.clientID = "other"
        case 1: query.subject = Golden.cause
        case 2: query.types = ["token.read"]
        case 3: query.since = Self.time.adding(seconds: 1)
        default: query.before = Self.time
        }
        #expect(!query.matches(record()))
    }

    @Test("all of a user's events are asked for when nothing else is")
    func wholeSubject() {
        #expect(EventQuery(subject: Golden.subject).isWholeSubject)
        #expect(EventQuery(clientID: "demo", subject: Golden.subject).isWholeSubject)
        #expect(!EventQuery(clientID: "demo").isWholeSubject)
        #expect(!EventQuery(subject: Golden.subject, types: ["token.read"]).isWholeSubject)
        #expect(!EventQuery(subject: Golden.subject, since: Self.time).isWholeSubject)
        #expect(!EventQuery(subject: Golden.subject, before: Self.time).isWholeSubject)
    }
}
