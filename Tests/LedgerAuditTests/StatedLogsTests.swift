import Ledger
@testable import LedgerAudit
import MerkleLog
import StateMap
import Testing

/// What the statements of a log of maps say of the logs, in a ledger to which pairs were added twice.
@Suite("Which logs are stated", .timeLimit(.minutes(5)))
struct StatedLogsTests {
    private static let one = Logs.one
    private static let three = Logs(pairs: 3, closedPairs: 1)
    private static let six = Logs(pairs: 6, closedPairs: 3)

    /// The positions that are named, each with what is said there.
    private func named(_ stated: [Logs], stored: Logs = six) throws -> [Int64: Logs] {
        var logs = StatedLogs(logID: Log.map.id, stored: stored)
        var report = VerificationReport()
        for (position, said) in stated.enumerated() {
            // Page by page.
            let statement = try MapStatement(
                facts: Checkpoint(
                    origin: "token-ledger/0123456789abcdef/0",
                    size: 0,
                    root: .emptyTree
                ),
                logs: said,
                time: 1,
                states: MapStatement.Map(count: 0, root: .emptyTree),
                names: nil
            )
            logs.take([(position: Int64(position), statement: statement)], &report)
        }
        var found: [Int64: Logs] = [:]
        for finding in report.findings {
            guard case .pairsDiffer(let said) = finding.flaw, let position = finding.position
            else { throw VerificationFlaw.logUnknown }
            #expect(finding.logID == Log.map.id)
            #expect(found[position] == nil)
            found[position] = said
        }
        return found
    }

    @Test("what was said before pairs were added fits, whether all steps were stated or not")
    func grown() throws {
        for stated in [
            [], [Self.six], [Self.one, Self.one, Self.three, Self.three, Self.six, Self.six],
            [Self.one, Self.six], [Self.three, Self.six],
        ] {
            #expect(try named(stated) == [:])
        }
        #expect(try named([Self.one, Self.one], stored: Self.one) == [:])
    }

    @Test("who goes back, or never was, is named, and nobody else")
    func lies() throws {
        let (one, three, six) = (Self.one, Self.three, Self.six)
        #expect(try named([one, three, one, three, six]) == [2: one])
        #expect(try named([one, six, three, six]) == [2: three])
        #expect(try named([six, one, one, six]) == [1: one, 2: one])
        for lie in [
            Logs(pairs: 6), Logs(pairs: 6, closedPairs: 2), Logs(pairs: 4), Logs(pairs: 2),
            Logs(pairs: 7, closedPairs: 6), Logs(pairs: 512, closedPairs: 3),
        ] {
            #expect(try named([one, three, lie, six]) == [2: lie], "\(lie)")
        }
        // The ledger had one pair, then three, of which one was closed.
        #expect(try named([one, Logs(pairs: 3), six]) == [1: Logs(pairs: 3)])
    }

    @Test("the last one may be of before pairs were added, and of nothing else")
    func last() throws {
        #expect(try named([Self.one, Self.three]) == [:])
        #expect(try named([Self.one]) == [:])
        #expect(try named([Self.one, Logs(pairs: 5)]) == [1: Logs(pairs: 5)])
        #expect(try named([Self.one, Self.three], stored: Self.one) == [1: Self.three])
    }
}
