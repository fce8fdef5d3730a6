import ArgumentParser
import LedgerStore
import Logging
import Wire

/// `token-ledger doctor`: looks at everything that `serve` depends on.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look at all that the service depends on, and say what is wrong and what to do.",
        discussion: """
            Takes the settings of serve, with which it may run at the same time. Looks at the \
            settings, the database, the clocks, the root key, the newest checkpoints, the \
            witnesses, the provider and the folders; goes on after whatever is wrong, and changes \
            nothing. Ends with 0 when nothing is wrong or only warnings are told, and with 6 when \
            a finding is blocking. It does not replace verify, which recomputes all of the history.
            """
    )

    @OptionGroup var options: ServeOptions

    @Flag(help: "Print one JSON document.")
    var json = false

    func run() async throws {
        // What is wrong is in the findings; the store's own lines would say it twice.
        let logger = Logger(label: "doctor") { _ in SwiftLogNoOpLogHandler() }
        let checks = await Doctor(options, logger: logger).examine()
        let findings = checks.flatMap(\.findings)
        let blocking = findings.count { $0.severity == .blocking }
        if json {
            Terminal.result([
                "is_healthy": .bool(findings.isEmpty && checks.allSatisfy { $0.gap == nil }),
                "blocking": .number("\(blocking)"),
                "warnings": .number("\(findings.count - blocking)"),
                "checks": .array(checks.map(\.json)),
            ])
        } else {
            for check in checks { Terminal.result(Self.text(check)) }
            Terminal.message(Self.verdict(checks, blocking: blocking))
        }
        if blocking > 0 { throw TokenLedger.verificationFailed }
    }

    private static func text(_ check: DoctorCheck) -> String {
        var lines = [Terminal.bold(check.name)]
        let rows = TextTable.rows(check.facts.map { ["  " + $0.name, $0.value] })
        if !rows.isEmpty { lines.append(rows) }
        if let gap = check.gap { lines.append("  not looked at: \(gap)") }
        for finding in check.findings {
            let word = "  \(finding.severity.rawValue)"
            let shown = finding.severity == .blocking ? Terminal.red(word) : Terminal.bold(word)
            lines.append("\(shown)  \(finding.code): \(finding.sentence)")
            lines.append("    \(finding.nextStep)")
        }
        return lines.joined(separator: "\n")
    }

    private static func verdict(_ checks: [DoctorCheck], blocking: Int) -> String {
        let findings = checks.reduce(0) { $0 + $1.findings.count }
        let gaps = checks.filter { $0.gap != nil }.map(\.name)
        let unseen = gaps.isEmpty ? "" : " Not looked at: \(gaps.joined(separator: ", "))."
        guard findings > 0 else { return "Nothing was found." + unseen }
        let noun = findings == 1 ? "finding" : "findings"
        return "\(findings) \(noun), \(blocking) of them blocking." + unseen
    }
}
