import ArgumentParser
import HumanConnect
import LedgerStore

/// `token-ledger verify`: replays the log and compares.
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Replay the whole log and compare it with everything derived from it.",
        discussion: """
            Checks that positions have no hole, that every column says what its record says, and \
            that every projection row is what the events give. Ends with 6 when something does not \
            fit. It does not yet prove that the records themselves are the ones once written.
            """)

    @OptionGroup var options: OwnerDatabaseOptions

    @Flag(help: "Print one JSON document.")
    var json = false

    func run() async throws {
        let report = try await Verification.run(try await options.database())
        if json {
            Terminal.result(Self.document(report))
        } else {
            for finding in report.findings { Terminal.result("\(finding)") }
            if report.isTruncated { Terminal.result("… and more") }
            Terminal.message(Self.sentence(report))
        }
        if !report.findings.isEmpty { throw TokenLedger.verificationFailed }
    }

    static func sentence(_ report: VerificationReport) -> String {
        let size = "\(report.events) events and \(report.users) users"
        return report.findings.isEmpty
            ? "\(size) checked: everything fits."
            : "\(size) checked: \(report.findings.count) places do not fit."
    }

    private static func document(_ report: VerificationReport) -> JSONValue {
        [
            "events": .number(String(report.events)),
            "users": .number(String(report.users)),
            "is_clean": .bool(report.findings.isEmpty),
            "is_truncated": .bool(report.isTruncated),
            "findings": .array(
                report.findings.map { finding in
                    [
                        "log_id": .number(String(finding.logID)),
                        "position": finding.position.map { .number(String($0)) } ?? .null,
                        "problem": .string(finding.problem),
                    ]
                }),
        ]
    }
}
