import Ledger
import LedgerExport
import MerkleLog
import Wire

/// What `token-ledger verify BUNDLE` says.
struct BundleVerdict {
    /// A bundle is of one log, or of several.
    private enum Report {
        case one(BundleReport)
        case several(SplitReport)
    }

    private let report: Report

    /// Checks a bundle.
    init(folder: String, keys: [VerifierKey]) throws {
        let meter = ProgressMeter("verify")
        do {
            if SplitBundle(folder: folder).isThere {
                report = .several(
                    try SplitVerification.run(folder: folder, keys: keys) {
                        meter.show($0, of: $1, "events")
                    }
                )
            } else {
                report = .one(
                    try BundleVerification.run(folder: folder, keys: keys) {
                        meter.show($0, of: $1, "events")
                    }
                )
            }
        } catch let error as BundleError {
            throw CommandError("The bundle cannot be read: \(error).")
        }
        meter.end()
    }

    var findings: [BundleReport.Finding] {
        switch report {
        case .one(let report): report.findings
        case .several(let report): report.findings
        }
    }

    private var isTruncated: Bool {
        switch report {
        case .one(let report): report.isTruncated
        case .several(let report): report.isTruncated
        }
    }

    private var events: Int64 {
        switch report {
        case .one(let report): report.events
        case .several(let report): report.events
        }
    }

    private var sentences: [String] {
        switch report {
        case .one(let report): report.sentences
        case .several(let report): report.sentences
        }
    }

    func show() {
        for finding in findings { Terminal.result("\(finding)") }
        if isTruncated { Terminal.result("… and more") }
        for sentence in sentences { Terminal.message(sentence) }
        Terminal.message(
            findings.isEmpty
                ? "\(events) events checked: everything fits."
                : "\(events) events checked, and \(findings.count) findings made."
        )
    }

    var document: JSONValue {
        let (own, source) = own
        return .object(
            [
                .init("events", .number(String(events))),
                .init("is_clean", .bool(findings.isEmpty)),
                .init("is_truncated", .bool(isTruncated)),
            ] + own + [
                .init("key_source", .string(source == .pinned ? "pinned" : "bundle"))
            ] + trees + [
                .init("findings", .array(findings.map(Self.document))),
                .init("verdict", .array(sentences.map { .string($0) })),
            ]
        )
    }

    /// Whose key it is, of one log, and where it came from.
    private var own: ([JSONValue.Member], BundleReport.KeySource) {
        switch report {
        case .one(let report):
            let key = report.manifest.map { JSONValue.string($0.verifierKey) } ?? .null
            return ([.init("key", key)], report.keySource)
        case .several(let report): return ([], report.keySource)
        }
    }

    /// How large the log was, or each of them.
    private var trees: [JSONValue.Member] {
        switch report {
        case .one(let report):
            let size = report.manifest.map { JSONValue.number(String($0.treeSize)) } ?? .null
            return [.init("tree_size", size)]
        case .several(let report):
            let parts = report.parts.map { part -> JSONValue in
                [
                    "log": .string(part.log.name),
                    "events": .number(String(part.report.events)),
                    "key": part.report.manifest.map { .string($0.verifierKey) } ?? .null,
                    "tree_size": part.report.manifest.map { .number(String($0.treeSize)) } ?? .null,
                ]
            }
            return [.init("parts", .array(parts))]
        }
    }

    private static func document(_ finding: BundleReport.Finding) -> JSONValue {
        [
            "file": finding.file.map { .string($0) } ?? .null,
            "line": finding.line.map { .number(String($0)) } ?? .null,
            "position": finding.position.map { .number(String($0)) } ?? .null,
            "kind": .string(finding.kind.rawValue),
            "problem": .string(finding.problem),
        ]
    }
}
