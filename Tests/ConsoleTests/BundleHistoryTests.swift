@testable import Console
import Foundation
import Ledger
import Testing

@Suite("what a bundle's page tells of its events") struct BundleHistoryTests {
    private static func record(_ event: LedgerEvent, user: UInt128, version: Int64?) -> Record {
        Record(
            id: Identifier(value: UInt128(version ?? 0) << 8 | user),
            clientID: "demo",
            subject: Identifier(value: user),
            time: Timestamp(microseconds: (version ?? 0) * 1_000_000),
            subjectVersion: version,
            context: RecordContext(actor: "service"),
            event: event
        )
    }

    /// A line as the script reads it.
    private struct Line {
        let sentence: String
        /// Nil where the state is not known.
        let changes: [(field: Int, text: String)]?

        init(_ bytes: [UInt8]) throws {
            let json = try JSONSerialization.jsonObject(with: Data(bytes)) as? [Any] ?? []
            sentence = try #require(json.first as? String)
            let list = json.count > 1 ? json[1] as? [[Any]] : nil
            changes = try list?.map {
                (try #require($0[0] as? Int), try #require($0[1] as? String))
            }
        }
    }

    private static func texts(_ state: SubjectState) -> [String] {
        StateField.list(state).map(\.text)
    }

    @Test(
        "the differences lead to the ledger's own state, of several users at once",
        arguments: 0..<8
    )
    func follows(_ seed: UInt64) throws {
        let records = TimelineTests.history(120, seed: seed)
        let history = BundleHistory(of: .facts)
        var states: [Identifier: SubjectState] = [:]
        var shown: [Identifier: [String]] = [:]
        for record in records {
            let subject = try #require(record.subject)
            let line = try Line(history.line(of: record.encoded()))
            for change in try #require(line.changes) {
                shown[subject, default: Self.texts(SubjectState())][change.field] = change.text
            }
            try states[subject, default: SubjectState()].apply(record)
            let state = try #require(states[subject])
            #expect(shown[subject] == Self.texts(state))
            #expect(!line.sentence.isEmpty)
        }
        #expect(states.count > 1)
    }

    @Test("behind a gap the state is not known any more, and never again")
    func gap() throws {
        let held = LedgerEvent.subjectHeld(reason: .audit)
        let history = BundleHistory(of: .facts)
        func changes(_ user: UInt128, _ version: Int64?) throws -> Int? {
            let event = version.map { $0 % 2 == 1 } ?? true ? held : .subjectReleased
            let record = Self.record(event, user: user, version: version)
            return try Line(history.line(of: record.encoded())).changes?.count
        }
        #expect(try changes(1, 1) == 2)
        #expect(try changes(2, 4) == nil)
        #expect(try changes(1, 2) == 1)
        #expect(try changes(2, 5) == nil)
        #expect(try changes(1, 4) == nil)
        #expect(try changes(1, 3) == nil)
        // What is not counted changes nobody's state.
        #expect(try changes(3, nil) == 0)
        #expect(try Line(history.line(of: Array("nonsense".utf8))).changes?.count == 0)
    }

    @Test("the access log has no states")
    func accessLog() throws {
        let history = BundleHistory(of: .access)
        let record = Self.record(.subjectHeld(reason: .audit), user: 1, version: 7)
        #expect(try Line(history.line(of: record.encoded())).changes?.count == 0)
    }
}
