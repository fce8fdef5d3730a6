import Ledger
@testable import LedgerStore
import Postgres
import TestSupport
import Testing

@Suite("Claims across logs, raced for", .timeLimit(.minutes(5)))
struct ClaimRaceTests {
    private static let racesCount = 150

    @Test(
        "of four who claim one thing, each in a log of its own, one gets it",
        arguments: [LookupKind.human, .session]
    )
    func races(kind: LookupKind) async throws {
        try await ClaimLogs.run { logs in
            for race in 0..<Self.racesCount {
                let home = ClaimLogs.logIDs[race % ClaimLogs.logIDs.count]
                try await Self.race(logs, logs.place(kind, home: home)) { user in
                    // On a machine that is busy with other tests too many may wait for a moment.
                    try await logs.claimPersistently(user)
                }
            }
        }
    }

    @Test("and so they do when their connections are ended at any moment")
    func killed() async throws {
        try await ClaimLogs.run { logs in
            let ender = SessionEnder(logs.test, every: .milliseconds(20))
            try await withThrowingTaskGroup(of: Int.self) { group in
                group.addTask { try await ender.run() }
                for race in 0..<Self.racesCount {
                    let home = ClaimLogs.logIDs[race % ClaimLogs.logIDs.count]
                    try await Self.race(logs, logs.place(home: home)) { user in
                        let verdict = try await logs.claimPersistently(user)
                        ender.goOn()
                        return verdict
                    }
                }
                group.cancelAll()
                let ended = try await group.next() ?? 0
                #expect(ended > 50, "or nothing was tried")
            }
        }
    }

    private static func race(
        _ logs: ClaimLogs,
        _ place: ClaimPlace,
        _ claim: @escaping @Sendable (ClaimLogs.User) async throws -> AppendVerdict
    ) async throws {
        let verdicts = try await withThrowingTaskGroup(of: AppendVerdict.self) { group in
            for log in ClaimLogs.logIDs {
                group.addTask { try await claim(logs.user(of: log, place)) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let winners = verdicts.filter { verdict in
            switch verdict {
            // The answer of one that was written may have been lost.
            case .appended, .repeated: true
            case .claimed, .fenced, .conflict: false
            }
        }
        #expect(winners.count == 1, "\(verdicts)")
        #expect(verdicts.filter { $0 == .claimed(place.kind) }.count == 3, "\(verdicts)")
        #expect(try await logs.made(place) == 1)
    }
}
