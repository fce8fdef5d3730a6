import Ledger
@testable import LedgerStore
import Postgres
import SeededRandom
import TestSupport
import Testing

/// The model of `ClaimModelTests` against PostgreSQL.
@Suite("Claims across logs, as modelled", .timeLimit(.minutes(5)))
struct ClaimConformanceTests {
    /// What the model and the database answer, in one spelling.
    private enum Answer: Equatable {
        case row(subject: Identifier, reference: Identifier, isReserved: Bool)
        case bool(Bool)
        case verdict(String)
        case none
    }

    @Test(
        "the functions answer what the model answers, whatever is asked in whichever order",
        arguments: [LookupKind.human, .session]
    )
    func same(kind: LookupKind) async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        try await ClaimLogs.run { logs in
            for _ in 0..<40 {
                var story = Story(logs, kind)
                for _ in 0..<30 { try await story.step(using: &random, "seed \(seed)") }
            }
        }
    }

    /// One fingerprint, whose home is log 0, and users of the logs 0, 2 and 4, two of each.
    private struct Story {
        let logs: ClaimLogs
        let place: ClaimPlace
        let users: [ClaimLogs.User]
        var references: [Identifier] = []
        var model: ClaimModel

        init(_ logs: ClaimLogs, _ kind: LookupKind) {
            self.logs = logs
            let place = logs.place(kind, home: 0)
            self.place = place
            users = [0, 2, 4, 0, 2, 4].map { logs.user(of: $0, place) }
            model = ClaimModel(kind: kind, logs: 5)
        }

        mutating func step(using random: inout SeededRandom, _ comment: Comment) async throws {
            let user = users[Int.random(in: 0..<users.count, using: &random)]
            let choice = Int.random(in: 0..<5, using: &random)
            let reference = references.randomElement(using: &random)
            switch (choice, reference) {
            case (0, _) where user.log != 0:
                let row = try await logs.claimer.reserve(place, for: user.claimant)
                let expected = model.reserve(user.subject, row?.reference ?? user.subject)
                #expect(answer(row) == answer(expected), comment)
                if let row, row.standing != .made { references.append(row.reference) }
            case (1, _):
                let row = try await logs.claimer.look(at: place)
                #expect(answer(row) == answer(model.rows[0]), comment)
                let isMade = try await logs.claimer.isMade(place, logID: user.log)
                #expect(isMade == model.isMade(in: user.log), comment)
            case (2, let reference?):
                let isMade = try await logs.claimer.fence(reference, at: place)
                #expect(isMade == model.fence(reference), comment)
            case (3, let reference?):
                try await logs.claimer.release(reference, at: place)
                model.release(reference)
            case (4, _):
                let reservation = references.filter { $0.logID == user.log }
                    .randomElement(using: &random)
                guard user.log == 0 || reservation != nil else { return }
                let verdict = try await logs.append(user, reservation)
                let expected = model.append(
                    user.command.events[0].record.id,
                    of: user.subject,
                    in: user.log,
                    reservation: reservation
                )
                #expect(name(verdict) == name(expected), comment)
            default: break
            }
        }

        private func answer(_ row: Reservation?) -> Answer {
            guard let row else { return .none }
            return .row(
                subject: row.subject,
                reference: row.reference,
                isReserved: row.standing != .made
            )
        }

        private func answer(_ row: ClaimModel.Row?) -> Answer {
            guard let row else { return .none }
            return .row(
                subject: row.subject,
                reference: row.reference,
                isReserved: row.isReserved
            )
        }

        /// Without the position, which the model does not have.
        private func name(_ verdict: AppendVerdict) -> String {
            switch verdict {
            case .appended: "appended"
            case .repeated: "repeated"
            case .claimed: "claimed"
            case .fenced: "fenced"
            case .conflict: "conflict"
            }
        }
    }
}
