package import Ledger
package import MerkleLog

/// What the verification of a bundle of several logs checked, and every place where something did not fit.
package struct SplitReport: Sendable {
    /// What was said of one log.
    package struct Part: Sendable {
        package let log: Log
        package let report: BundleReport
    }

    /// What the logs held, once it could be read.
    package internal(set) var cut: Cut?
    package internal(set) var keySource = BundleReport.KeySource.bundle
    package private(set) var parts: [Part] = []
    /// Of the cut and the parts; a file of a part stands behind the part's name.
    package private(set) var findings: [BundleReport.Finding] = []
    /// Whether more findings were made than are listed.
    package private(set) var isTruncated = false

    /// How many events were read.
    package var events: Int64 { parts.reduce(0) { $0 + $1.report.events } }

    mutating func add(_ finding: BundleReport.Finding) {
        guard findings.count < ExportLimits.findingsMax else {
            isTruncated = true
            return
        }
        findings.append(finding)
    }

    mutating func add(_ report: BundleReport, _ log: Log) {
        parts.append(Part(log: log, report: report))
        for finding in report.findings {
            add(
                BundleReport.Finding(
                    file: finding.file.map { "\(log.name)/\($0)" } ?? log.name,
                    line: finding.line,
                    position: finding.position,
                    flaw: finding.flaw
                )
            )
        }
        isTruncated = isTruncated || report.isTruncated
    }

    /// The verdict in plain words: what was proved, and what was not.
    package var sentences: [String] {
        guard findings.isEmpty, let cut, let first = parts.first?.report,
            let manifest = first.manifest
        else { return [BundleReport.nothingProved] }
        var sentences = [
            first.keySentence(manifest),
            "The cut that is signed under the same key says how much each of the \(cut.pairs) logs of "
                + "this kind of \(cut.ledger.printable) held: the bundle has a part of each that has records, and "
                + "each is as large.",
        ]
        for part in parts {
            guard let manifest = part.report.manifest else { continue }
            for sentence in part.report.ownSentences(manifest) {
                sentences.append("\(part.log.name): \(sentence)")
            }
        }
        sentences.append(
            "Not proved: in which order events of different logs happened. Their times say it, and "
                + "nothing else."
        )
        sentences.append(BundleReport.askerSentence)
        sentences.append(
            "Not proved: what happened after the cut, and that everybody was shown the same "
                + "checkpoints (witnesses and kept checkpoints do that)."
        )
        return sentences
    }
}
