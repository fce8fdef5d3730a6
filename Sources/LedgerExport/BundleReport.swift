internal import Ledger
internal import MerkleLog

/// What the verification of a bundle checked, and every place where something did not fit.
package struct BundleReport: Sendable {
    /// One place that does not fit.
    package struct Finding: Sendable, Equatable, CustomStringConvertible {
        /// The file, or nil for the bundle as a whole.
        package let file: String?
        /// The line of the file's content, from 1.
        package let line: Int64?
        /// The event's place in the log.
        package let position: Int64?
        /// What does not fit.
        let flaw: BundleFlaw

        /// What does not fit, as a word for programs.
        package var kind: Kind { flaw.kind }

        /// What does not fit, in words, without values.
        package var problem: String { flaw.description.printable }

        package var description: String {
            let places = [
                file, line.map { "line \($0)" }, position.map { "position \($0)" },
            ].compactMap { $0 }
            return places.isEmpty ? problem : "\(places.joined(separator: ", ")): \(problem)"
        }
    }

    /// Where the key came from that the signatures were checked with.
    package enum KeySource: Sendable, Equatable {
        /// The caller named it.
        case pinned
        /// Only the bundle itself names it: whoever made the bundle could have made the key.
        case bundle
    }

    /// A witness that signed the checkpoint, too.
    package struct Witness: Sendable, Equatable {
        package let name: String
        /// When it saw the checkpoint, in seconds since 1970.
        package let time: Int
    }

    /// The manifest, once it could be read.
    package internal(set) var manifest: BundleManifest?
    package internal(set) var keySource = KeySource.bundle
    /// How many entries the tree of the earlier checkpoint has.
    package internal(set) var firstTreeSize: Int64 = 0
    /// The witnesses among the keys that the caller named that cosigned the checkpoint.
    package internal(set) var witnesses: [Witness] = []
    /// How many events were read.
    package internal(set) var events: Int64 = 0
    /// How many of them are counted per user, without a hole; nil when the query asks otherwise.
    package internal(set) var countedEvents: Int64?
    package internal(set) var findings: [Finding] = []
    /// Whether more findings were made than are listed.
    package internal(set) var isTruncated = false

    mutating func add(_ finding: Finding) {
        guard findings.count < ExportLimits.findingsMax else {
            isTruncated = true
            return
        }
        findings.append(finding)
    }
}

extension BundleReport {
    /// The verdict in plain words: what was proved, under which key, and what was not.
    package var sentences: [String] {
        guard findings.isEmpty, let manifest else { return [Self.nothingProved] }
        return [keySentence(manifest)] + ownSentences(manifest) + [Self.askerSentence] + [
            "Not proved: what happened after the checkpoint of \(manifest.treeSize) records, and "
                + "that everybody was shown the same checkpoint (witnesses and kept checkpoints do "
                + "that)."
        ]
    }

    static let nothingProved =
        "Nothing is proved: the bundle is damaged, unfinished, or not what the log signed. "
        + "The findings say where."
    static let askerSentence =
        "Not proved: who asked for the export and why. The manifest says it, and the log "
        + "signed the manifest."

    /// What is said of the log's events alone.
    func ownSentences(_ manifest: BundleManifest) -> [String] {
        var sentences = [eventsSentence(manifest)]
        sentences.append(
            "The log's tree of \(manifest.treeSize) records continues its earlier one of "
                + "\(firstTreeSize): nothing that was there was changed or removed."
        )
        for witness in witnesses {
            sentences.append(
                "\(witness.name.printable) cosigned the checkpoint at second \(witness.time) "
                    + "since 1970."
            )
        }
        sentences += contentSentences(manifest)
        if manifest.proof == .inclusion { sentences.append(gapSentence(manifest)) }
        return sentences
    }

    func keySentence(_ manifest: BundleManifest) -> String {
        let signed = "The manifest and both checkpoints are signed under "
        switch keySource {
        case .pinned:
            return signed + "the key you named: \(manifest.verifierKey.printable)."
        case .bundle:
            return signed
                + "the key that came along in the manifest, \(manifest.verifierKey.printable). "
                + "You named no key: whoever made the bundle could have made this key, too "
                + "(--key pins one)."
        }
    }

    private func eventsSentence(_ manifest: BundleManifest) -> String {
        switch manifest.proof {
        case .root:
            "The \(events) events are the whole log of \(manifest.treeSize) records, byte for "
                + "byte, in its order: their tree has the root that was signed."
        case .inclusion:
            "Each of the \(events) events is in the log at the position that the bundle names, "
                + "byte for byte: its inclusion proof leads to the root that was signed. Each is "
                + "what the query asks for, between positions \(manifest.positions.lowerBound) and "
                + "\(manifest.positions.upperBound) (the latter not included)."
        }
    }

    private func contentSentences(_ manifest: BundleManifest) -> [String] {
        var sentences: [String] = []
        if manifest.layout?.hasCSV == true {
            sentences.append("The table has the same events, and nothing else.")
        }
        if manifest.layout?.hasPage == true {
            sentences.append(
                "The page index.html is the one that was made with the bundle. Not proved: what it "
                    + "says of the events beyond their bytes, such as differences of state."
            )
        }
        if manifest.layout?.hasIdentities == true {
            sentences.append(
                "Not proved: who the subjects are. The identities are those that the service named "
                    + "when it made the bundle; no event has them."
            )
        }
        return sentences
    }

    private func gapSentence(_ manifest: BundleManifest) -> String {
        if manifest.query.isEmpty { return "None of these positions is missing." }
        if let countedEvents, countedEvents > 0 {
            let start =
                manifest.positions.lowerBound == 0
                ? "From the user's first event on" : "Between them"
            return "\(start) none of the user's counted events is missing (\(countedEvents) of "
                + "them). Not proved: that none came behind the last one, before position "
                + "\(manifest.positions.upperBound)."
        }
        return "Not proved: that the filter left nothing out. Only an export of the whole log "
            + "proves that."
    }
}

extension String {
    /// The text without characters that a terminal would obey.
    var printable: String {
        String(
            String.UnicodeScalarView(
                unicodeScalars.map { scalar in
                    switch scalar.properties.generalCategory {
                    case .control, .format, .lineSeparator, .paragraphSeparator: "?"
                    default: scalar
                    }
                }
            )
        )
    }
}
