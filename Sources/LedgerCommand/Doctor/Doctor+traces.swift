import BoundedClient
import LedgerStack
import LedgerStore

extension Doctor {
    /// The collector that spans are sent to, which is called and told nothing; nil where there is none.
    func tracesCheck() async -> DoctorCheck? {
        var check = DoctorCheck("traces")
        let target: ExportTarget
        do throws(CommandError) {
            guard let named = try TraceSettings().target() else { return nil }
            target = named
        } catch {
            check.find(
                DoctorFinding(
                    "traces_unusable",
                    .warning,
                    "No traces are recorded. \(Self.sentence(error))",
                    nextStep: "Correct it: docs/operator.md, \"Traces\"."
                )
            )
            return check
        }
        let reached = await Reachability.of(target.url.text)
        check.note("collector \(target.url.text)", Self.words(reached))
        guard reached != .reached else { return check }
        check.find(
            DoctorFinding(
                "collector_unreachable",
                .warning,
                "The collector at \(target.url.text): \(Self.words(reached)).",
                nextStep: "See to the collector and the way to it; spans are left out meanwhile."
            )
        )
        return check
    }
}
