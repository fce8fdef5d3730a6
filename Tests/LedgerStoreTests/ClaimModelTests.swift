import Ledger
@testable import LedgerStore
import Testing

/// All ways in which workers that claim one fingerprint in several logs can come between each other.
///
/// The steps are those of the service (`ClaimSteps`); what the database answers is a model, which
/// `ClaimConformanceTests` holds against PostgreSQL.
@Suite("Claims across logs, modelled", .timeLimit(.minutes(5)))
struct ClaimModelTests {
    /// Who claims: the log of each worker's user, how often it may begin anew, and which user of the log
    /// and which of that user's events it is.
    struct Case: Sendable, CustomTestStringConvertible {
        struct Worker: Sendable {
            let log: Int32
            var begins = 0
            var user = 1
            var event = 1
        }

        let testDescription: String
        let workers: [Worker]
        var kinds: [LookupKind] = [.human]
        /// Whether the first one's user may be erased.
        var erases = false
        /// Whether the first one's log is closed, and that user made the claim before.
        var isClaimed = false

        init(
            _ description: String,
            _ workers: [Worker],
            kinds: [LookupKind] = [.human],
            erases: Bool = false,
            isClaimed: Bool = false
        ) {
            testDescription = description
            self.workers = workers
            self.kinds = kinds
            self.erases = erases
            self.isClaimed = isClaimed
        }

        func world(_ kind: LookupKind, fault: ClaimModel.Fault?) -> ClaimWorld {
            let count = workers.map(\.log).max() ?? 0
            let workers = workers.map {
                ClaimWorld.Worker(
                    subject: ClaimModel.id(100 + $0.user, in: $0.log),
                    event: ClaimModel.id(1_000 + 10 * $0.user + $0.event, in: $0.log),
                    begins: $0.begins,
                    searches: isClaimed
                )
            }
            var world = ClaimWorld(
                ClaimModel(kind: kind, logs: Int(count) + 1, fault: fault),
                workers
            )
            if erases { world.erasable = [workers[0].subject] }
            if isClaimed {
                world.logs.closed = workers[0].log
                let before = ClaimModel.id(1, in: workers[0].log)
                world.claim(before, of: workers[0].subject)
            }
            return world
        }
    }

    static let cases = [
        Case(
            "two users that begin anew up to twice",
            [.init(log: 1, begins: 2), .init(log: 2, begins: 2)]
        ),
        Case("three users", [.init(log: 1), .init(log: 2), .init(log: 3)]),
        Case(
            "one of them in the home",
            [.init(log: 0, begins: 1), .init(log: 1, begins: 1)],
            kinds: [.human, .session]
        ),
        Case(
            "two workers of one user, and one of another",
            [.init(log: 1), .init(log: 1), .init(log: 2)]
        ),
        Case(
            "two finishes of one session by one user, and one of another",
            [.init(log: 1), .init(log: 1, event: 2), .init(log: 2)],
            kinds: [.session]
        ),
        Case(
            "two users of one log, and one of another",
            [.init(log: 1), .init(log: 1, user: 2), .init(log: 2)]
        ),
        Case(
            "one who is erased",
            [.init(log: 1, begins: 1), .init(log: 2, begins: 1)],
            kinds: [.human, .session],
            erases: true
        ),
        Case(
            "one who has it since before logs were added, and one who is new, who begin anew",
            [.init(log: 1, begins: 2), .init(log: 2, begins: 1)],
            kinds: [.human, .session],
            erases: true,
            isClaimed: true
        ),
        Case(
            "the same, and two who are new, one of them in the home",
            [.init(log: 1), .init(log: 0, begins: 1), .init(log: 2)],
            kinds: [.human, .session],
            erases: true,
            isClaimed: true
        ),
        Case(
            "the same, and another one of those who were there before",
            [.init(log: 1, begins: 1), .init(log: 1, user: 2, event: 2), .init(log: 2)],
            isClaimed: true
        ),
    ]

    @Test(
        "whatever comes between, one has it, nobody is told that somebody has it who has not, and all end",
        arguments: cases
    )
    func sound(_ example: Case) async {
        for kind in example.kinds {
            let (flaw, count) = await Self.search(example.world(kind, fault: nil))
            #expect(flaw == nil, "\(kind), after \(count)")
            // A search that ended early would find nothing.
            #expect(count > 100)
        }
    }

    @Test("a rule that is left out is missed", arguments: ClaimModel.Fault.allCases)
    func fault(_ fault: ClaimModel.Fault) async {
        // Where no log is closed there is nothing to be searched.
        for example in Self.cases where example.isClaimed || fault != .searchesNothing {
            for kind in example.kinds {
                let (flaw, _) = await Self.search(example.world(kind, fault: fault))
                if flaw == .twoWinners { return }
            }
        }
        Issue.record("no way in which they come between each other has two winners")
    }

    /// Looks at all worlds that can come to be, each once, until one must not be; gives why, and how many
    /// there were.
    private static func search(
        _ first: ClaimWorld
    ) async -> (flaw: ClaimWorld.Flaw?, count: Int) {
        var seen: Set<ClaimWorld> = [first]
        var waiting = [first]
        var looked = 0
        while let world = waiting.popLast() {
            looked += 1
            // Other tests run meanwhile, whose transactions may not be left alone for long.
            if looked % 256 == 0 { await Task.yield() }
            for next in world.successors where seen.insert(next).inserted {
                if let flaw = next.flaw { return (flaw, seen.count) }
                guard next.isLive else { return (.stuck, seen.count) }
                waiting.append(next)
            }
        }
        return (nil, seen.count)
    }
}
