@testable import Console
import Ledger
import SeededRandom
import Testing

@Suite("a user's timeline") struct TimelineTests {
    private static let subject = Identifier(value: 7)

    /// A user's events, some of which the service did not write.
    private static func records(_ count: Int, seed: UInt64) -> [PlacedRecord] {
        var random = SeededRandom(seed: seed)
        return (1...count).map { version in
            let isForged = random.next().isMultiple(of: 9)
            let event = event(&random)
            let record = Record(
                id: Identifier(value: UInt128(version)),
                clientID: "demo",
                subject: subject,
                time: Timestamp(microseconds: Int64(version) * 1_000_000),
                subjectVersion: Int64(version),
                context: RecordContext(actor: "service"),
                event: event
            )
            return PlacedRecord(
                log: .facts,
                position: Int64(version * 3),
                bytes: record.encoded(),
                record: isForged ? nil : record
            )
        }
    }

    /// The events of three users, mixed.
    static func history(_ count: Int, seed: UInt64) -> [Record] {
        var random = SeededRandom(seed: seed)
        var versions: [UInt128: Int64] = [:]
        return (0..<count).map { index in
            let user = UInt128(random.next() % 3)
            versions[user, default: 0] += 1
            return Record(
                id: Identifier(value: UInt128(index)),
                clientID: "demo",
                subject: Identifier(value: user),
                time: Timestamp(microseconds: Int64(index) * 1_000_000),
                subjectVersion: versions[user],
                context: RecordContext(actor: "service"),
                event: event(&random)
            )
        }
    }

    private static func fingerprint(_ byte: UInt8) -> Fingerprint {
        guard let fingerprint = Fingerprint([UInt8](repeating: byte, count: 16)) else {
            preconditionFailure("A fingerprint has 16 bytes.")
        }
        return fingerprint
    }

    private static func event(_ random: inout SeededRandom) -> LedgerEvent {
        let id = Identifier(value: UInt128(random.next() % 4))
        let token = LedgerEvent.IssuedToken(
            version: Int64(random.next() % 5),
            fingerprint: fingerprint(UInt8(random.next() % 3))
        )
        return switch random.next() % 8 {
        case 0: .launchClosed(launch: id)
        case 1: .accessTokenRotated(token, cause: id)
        case 2: .publicTokenRotated(token, cause: id)
        case 3: .connectFinalized(finalize: id, launch: id, human: fingerprint(1))
        case 4: .connectionBroken(reason: "other")
        case 5: .subjectHeld(reason: .audit)
        case 6: .subjectReleased
        default: .personGone(human: fingerprint(1))
        }
    }

    @Test(
        "the differences lead from each state to the next, forth and back, as the script goes them"
    )
    func differences() throws {
        let records = Self.records(80, seed: 1)
        let whole = try Timeline(records, at: nil, path: "/console/users/u")
        var shown = Dictionary(
            uniqueKeysWithValues: StateField.list(SubjectState()).map { ($0.name, $0.text) }
        )
        var states = [shown]
        for entry in whole.entries.reversed() {
            for change in entry.changes {
                #expect(shown[change.name] == change.before)
                shown[change.name] = change.after
            }
            let there = try Timeline(records, at: entry.row.position, path: "")
            #expect(StateField.list(there.state).allSatisfy { shown[$0.name] == $0.text })
            states.append(shown)
        }
        for (entry, state) in zip(whole.entries, states.dropLast().reversed()) {
            for change in entry.changes { shown[change.name] = change.before }
            #expect(shown == state)
        }
    }

    @Test("a moment is the last event at its position or before, and a page has those around it")
    func cursor() throws {
        let records = Self.records(350, seed: 2)
        for (position, version) in [(0, 0), (2, 0), (3, 1), (4, 1), (600, 200), (9_999, 350)] {
            let timeline = try Timeline(records, at: Int64(position), path: "/u")
            #expect(timeline.cursor == version && timeline.state.version == Int64(version))
            #expect(timeline.entries.count == 100)
            #expect(version == 0 || timeline.entries.contains { $0.isCursor })
            #expect(timeline.olderPath == (version > 0 ? "/u?at=\((version - 1) * 3)" : nil))
            #expect(timeline.newerPath == (version < 350 ? "/u?at=\((version + 1) * 3)" : nil))
            let versions = timeline.entries.map(\.version)
            #expect(versions == versions.sorted(by: >) && Set(versions).count == 100)
        }
        let now = try Timeline(records, at: nil, path: "/u")
        #expect(now.isNewest && now.moment == "now" && now.newestPath == nil)
        let before = try Timeline(records, at: 0, path: "/u", isRaw: true)
        #expect(before.moment == "before event 1" && before.newestPath == "/u?view=raw")
        // Who looks at bytes goes on to bytes.
        #expect(before.newerPath == "/u?at=3&view=raw")
        #expect(before.entries.allSatisfy { $0.atPath.hasSuffix("&view=raw") })
    }

    @Test("a time leads to the last event that was made by then")
    func times() {
        let records = Self.records(40, seed: 3).filter { $0.record != nil }
        let times = records.compactMap { $0.record?.time }
        #expect(Timeline.position(in: records, at: times[0].adding(seconds: -1)) == nil)
        #expect(Timeline.position(in: records, at: times[5]) == records[5].position)
        #expect(
            Timeline.position(in: records, at: .init(microseconds: .max)) == records.last?.position
        )
    }

    @Test("a user without events has an empty timeline")
    func empty() throws {
        let timeline = try Timeline([], at: nil, path: "/u")
        #expect(timeline.entries.isEmpty && timeline.position == nil)
        #expect(timeline.olderPath == nil && timeline.newerPath == nil)
    }
}
