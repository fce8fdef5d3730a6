import Ledger
import Measures
import TestSupport
import Testing

@testable import LedgerStore

@Suite("Metrics of the evidence and of readiness", .timeLimit(.minutes(5)))
struct EvidenceMetricsTests {
    private func lines(_ state: IntegrationState, at now: ContinuousClock.Instant) -> Set<String> {
        var page = MetricPage()
        state.fill(&page, .facts, at: now)
        return Set(page.text.split(separator: "\n").map(String.init))
    }

    @Test("the lag of checkpoints grows from the first look that found records without one")
    func lag() {
        let start = ContinuousClock.now
        var state = IntegrationState(start: start)
        let lag = "token_ledger_checkpoint_lag_seconds{log=\"facts\"} "
        let time = Timestamp(microseconds: 1_700_000_000_500_000)
        #expect(lines(state, at: start).contains(lag + "0.0"))
        #expect(!lines(state, at: start).contains { $0.hasPrefix("token_ledger_log_records{") })
        state.saw(size: 5, checkpoint: nil, at: start)
        state.saw(size: 7, checkpoint: nil, at: start + .seconds(3))
        #expect(lines(state, at: start + .seconds(4)).contains(lag + "4.0"))
        // What came since the checkpoint began to wait when it was seen.
        state.saw(size: 9, checkpoint: (7, time), at: start + .seconds(5))
        let shown = lines(state, at: start + .seconds(7))
        #expect(shown.contains(lag + "2.0"), "\(shown)")
        #expect(shown.contains("token_ledger_log_records{log=\"facts\"} 9"))
        #expect(shown.contains("token_ledger_checkpoint_records{log=\"facts\"} 7"))
        let published = "token_ledger_checkpoint_timestamp_seconds{log=\"facts\"} 1700000000.5"
        #expect(shown.contains(published))
        // The same checkpoint again takes nothing back.
        state.saw(size: 9, checkpoint: (7, time), at: start + .seconds(8))
        #expect(lines(state, at: start + .seconds(8)).contains(lag + "3.0"))
        state.saw(size: 9, checkpoint: (9, time), at: start + .seconds(9))
        #expect(lines(state, at: start + .seconds(99)).contains(lag + "0.0"))
    }

    @Test("forged records are counted once the log was read")
    func forged() {
        var state = IntegrationState(start: .now)
        let line = "token_ledger_forged_records{log=\"facts\"} 2"
        _ = state.take(forged: 2, isWhole: false)
        #expect(!lines(state, at: .now).contains(line))
        _ = state.take(forged: 2, isWhole: true)
        #expect(lines(state, at: .now).contains(line))
    }

    @Test("conditions are shown as they were told last, and who asks for metrics asks no database")
    func conditions() async throws {
        try await TestStore.run { test in
            let readiness = Readiness(
                store: test.store,
                acceptsUnsafeServer: true,
                sources: [{ [.recordsForged(.facts, count: 1), .spoolUnreadable] }]
            )
            var page = MetricPage()
            await readiness.fill(&page)
            #expect(page.text.contains("\ntoken_ledger_ready 0\n"), "nobody knows yet")
            #expect(!page.text.contains("\ntoken_ledger_readiness_age_seconds "))
            #expect(!page.text.contains("} 1\n"))
            _ = await readiness.conditions()
            page = MetricPage()
            await readiness.fill(&page)
            let condition = "\ntoken_ledger_condition{code="
            for line in [
                condition + "\"records_forged\",severity=\"warning\"} 1\n",
                condition + "\"records_forged\",severity=\"blocking\"} 0\n",
                condition + "\"spool_unreadable\",severity=\"blocking\"} 1\n",
                condition + "\"disk_full\",severity=\"blocking\"} 0\n",
                "\ntoken_ledger_ready 0\n",
            ] {
                #expect(page.text.contains(line), "\(line)")
            }
            #expect(page.text.contains("\ntoken_ledger_readiness_age_seconds "))
        }
    }
}
