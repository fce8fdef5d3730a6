internal import Foundation

/// The reports of a campaign as people read them, and as they stand in docs/campaign.md.
package struct CampaignTable: Sendable {
    private let reports: [FaultReport]

    package init(_ reports: [FaultReport]) {
        self.reports = reports
    }

    private static let head = [
        "fault", "rounds", "injected", "acknowledged", "finalizes", "lost", "duplicated",
        "unresolved", "stuck", "recovery p99", "3/n",
    ]

    /// The table in Markdown.
    package var markdown: String {
        let rows = [Self.head, Self.head.map { _ in "---" }] + reports.map { Self.cells($0) }
        return rows.map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n")
    }

    /// What was broken, by fault.
    package var violations: [String] {
        reports.filter { !$0.isGood }.flatMap { report in
            let failure = report.failure.map { ["\(report.fault.name): \($0)"] } ?? []
            let missing =
                report.fault.isControl && failure.isEmpty
                ? ["\(report.fault.name): nothing was lost, so the power cut proves nothing"] : []
            let broken = report.fault.isControl ? [] : report.violations
            let files =
                report.fault.isControl ? [] : report.storyFiles.map { "its evidence: \($0)" }
            return failure + missing + broken.map { "\(report.fault.name): \($0)" } + files
        }
    }

    private static func cells(_ report: FaultReport) -> [String] {
        let tally = report.tally
        let bound = min(3 / Double(max(report.injections, 1)), 1)
        return [
            report.fault.name, "\(report.rounds)", "\(report.injections)", "\(tally.acknowledged)",
            "\(tally.finalizes)", "\(tally.lost)", "\(tally.duplicated)", "\(tally.unresolved)",
            "\(report.stuck)",
            report.recovery99.map { String(format: "%.1f s", $0 / .seconds(1)) } ?? "",
            String(format: "%.1f %%", bound * 100),
        ]
    }
}

extension FaultReport {
    /// Within what time after another server writes every copy is to be ready and to write
    /// (docs/availability.md#what-was-measured).
    private static let failoverAim = Duration.seconds(5)

    /// How many failovers kept the aim: said and not asserted, since times move with the machine.
    private var aimWords: String {
        guard fault.nodes != nil, !recoveries.isEmpty else { return "" }
        let kept = recoveries.count { $0 <= Self.failoverAim }
        return "; \(kept) of \(recoveries.count) within the aim of 5 s"
    }

    /// How long it took, the middle one and the longest.
    private var timeWords: String {
        [("ready again", recoveries), ("out", outages)].compactMap { name, times in
            let sorted = times.sorted()
            guard let worst = sorted.last else { return nil }
            let seconds = [sorted[sorted.count / 2], worst].map { $0 / .seconds(1) }
            return String(format: "; \(name) p50 %.1f s, at most %.1f s", seconds[0], seconds[1])
        }.joined()
    }

    /// One line about it.
    package var summary: String {
        let words =
            failure
            ?? (isGood
                ? "good" : violations.prefix(3).map(\.description).joined(separator: "; "))
        return "\(fault.name): \(rounds) rounds, \(injections) injected, \(visits) visits, "
            + "\(tally.acknowledged) acknowledged, \(violations.count) violations: \(words)"
            + timeWords + aimWords
    }
}
