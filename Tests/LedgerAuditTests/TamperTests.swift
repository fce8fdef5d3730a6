import Foundation
import Ledger
@testable import LedgerAudit
import LedgerStore
import MerkleLog
import Postgres
import TestSupport
import Testing

private let tamperedEvents =
    ProcessInfo.processInfo.environment["TAMPER_EVENTS"].flatMap { Int64($0) } ?? 100
private let isLargeRun = tamperedEvents > 100

/// Whatever is done to stored events is found, at its position (docs/threats.md#t16, #t17, #t18).
///
/// 100 events by default. For a larger run, which goes over several tiles:
/// `TAMPER_EVENTS=1000 swift test --filter TamperTests`.
@Suite("Tampering", .timeLimit(.minutes(isLargeRun ? 60 : 5)))
struct TamperTests {
    private typealias Check = VerificationPlan.Check

    /// How many events the exhaustive suites go over.
    static let eventsCount = tamperedEvents

    // MARK: Single bytes

    @Test("every changed byte of every column of every row is seen, and at its row alone")
    func bytes() async throws {
        try await TestStore.run { test in
            try await TamperedLog.fill(test)
            let log = try await TamperedLog(test)
            #expect(
                log.kinds(log.rows, checks: Set(Check.allCases)) == [:],
                "untouched is clean"
            )
            for (index, row) in log.rows.enumerated() {
                for changed in TamperedLog.changes(of: row) {
                    let places = log.places(of: changed.row, at: index)
                    if places.isEmpty {
                        Issue.record("\(changed.name) at \(index) is not seen")
                    } else if !places.isSubset(of: [row.position, changed.row.position]) {
                        Issue.record("\(changed.name) at \(index) is seen at \(places)")
                    }
                }
            }
        }
    }

    @Test("a changed record that is still one is named by the tree, with a checkpoint per event")
    func leaves() async throws {
        try await TestStore.run { test in
            try await TamperedLog.fill(test)
            let log = try await TamperedLog(test)
            for index in log.rows.indices {
                var rows = log.rows
                rows[index] = TamperedLog.relabelled(rows[index])
                #expect(
                    log.kinds(rows, checks: Set(Check.allCases))
                        == [Int64(index): .rootDiffers]
                )
                #expect(
                    log.kinds(rows, checks: Set(Check.allCases).subtracting([.checkpoints]))
                        == [:],
                    "without the checkpoints nobody sees it"
                )
            }
        }
    }

    // MARK: Structure

    @Test(
        "deletions, insertions, swaps, renumberings and cut tails are found in the database",
        arguments: 0..<4
    )
    func structure(part: Int) async throws {
        try await TestStore.run { test in
            try await TamperedLog.fill(test)
            // Four databases at once: each damage is done, found and undone on its own.
            let damages = TamperedLog.structuralDamages.enumerated()
                .filter { $0.offset % 4 == part }.map(\.element)
            let missed = try await TamperedLog.undetected(damages, in: test, without: nil)
            #expect(missed == [])
        }
    }

    @Test(
        "the suite fails when a check is taken out",
        arguments: VerificationPlan.Check.allCases
    )
    func mutationControl(check: VerificationPlan.Check) async throws {
        try await TestStore.run { test in
            try await TamperedLog.fill(test)
            let missed = try await TamperedLog.undetected(
                TamperedLog.controls(of: check),
                in: test,
                without: check
            )
            #expect(missed.count == TamperedLog.controls(of: check).count, "\(missed)")
            let seen = try await TamperedLog.undetected(
                TamperedLog.controls(of: check),
                in: test,
                without: nil
            )
            #expect(seen == [], "with all checks each is seen")
        }
    }
}
