import LedgerExport
import MerkleLog
import Wire

/// What `token-ledger verify BUNDLE` says.
struct BundleVerdict {
    let report: BundleReport

    /// Checks a bundle.
    init(folder: String, keys: [VerifierKey]) throws {
        let meter = ProgressMeter("verify")
        do {
            report = try BundleVerification.run(folder: folder, keys: keys) {
                meter.show($0, of: $1, "events")
            }
        } catch let error as BundleError {
            throw CommandError("The bundle cannot be read: \(error).")
        }
        meter.end()
    }

    func show() {
        for finding in report.findings { Terminal.result("\(finding)") }
        if report.isTruncated { Terminal.result("… and more") }
        for sentence in report.sentences { Terminal.message(sentence) }
        Terminal.message(
            report.findings.isEmpty
                ? "\(report.events) events checked: everything fits."
                : "\(report.events) events checked, and \(report.findings.count) findings made."
        )
    }

    var document: JSONValue {
        [
            "events": .number(String(report.events)),
            "is_clean": .bool(report.findings.isEmpty),
            "is_truncated": .bool(report.isTruncated),
            "key": report.manifest.map { .string($0.verifierKey) } ?? .null,
            "key_source": .string(report.keySource == .pinned ? "pinned" : "bundle"),
            "tree_size": report.manifest.map { .number(String($0.treeSize)) } ?? .null,
            "findings": .array(
                report.findings.map { finding in
                    [
                        "file": finding.file.map { .string($0) } ?? .null,
                        "line": finding.line.map { .number(String($0)) } ?? .null,
                        "position": finding.position.map { .number(String($0)) } ?? .null,
                        "kind": .string(finding.kind.rawValue),
                        "problem": .string(finding.problem),
                    ]
                }
            ),
            "verdict": .array(report.sentences.map { .string($0) }),
        ]
    }
}
