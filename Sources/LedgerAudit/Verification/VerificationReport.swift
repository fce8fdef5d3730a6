internal import Ledger
package import LedgerStore
internal import Vault

/// What `verify` checked, and every place where something did not fit.
package struct VerificationReport: Sendable {
    /// One place that does not fit.
    package struct Finding: Sendable, Equatable, CustomStringConvertible {
        package let logID: Int32
        /// The place in the log, or nil for what stands beside it: a projection row, a vault row.
        package let position: Int64?
        /// The end of the places of which one is wrong, when it cannot be told which.
        package let positionsEnd: Int64?
        /// What does not fit.
        let flaw: VerificationFlaw

        init(_ logID: Int32, _ position: Int64?, end: Int64? = nil, _ flaw: VerificationFlaw) {
            self.logID = logID
            self.position = position
            positionsEnd = end
            self.flaw = flaw
        }

        /// What does not fit, as a word for programs.
        package var kind: Kind { flaw.kind }

        /// What does not fit, in words, without values.
        package var problem: String { flaw.description }

        package var description: String {
            let log = Log.name(id: logID)
            guard let position else { return "log \(log): \(problem)" }
            guard let positionsEnd, positionsEnd > position + 1 else {
                return "log \(log), position \(position): \(problem)"
            }
            return "log \(log), positions \(position) to \(positionsEnd - 1): \(problem)"
        }
    }

    /// Whether the vault could be opened.
    package enum VaultAccess: Sendable, Equatable {
        /// No root key was given.
        case noRootKey
        /// The database was never used: there are no keys yet, and nothing to open.
        case unused
        /// A key of the deployment is missing or damaged, which is a finding.
        case keysMissing
        case opened
    }

    /// How many findings are listed: a database that is wholly wrong needs no longer list.
    static let findingsMax = 1_000

    /// How many records were read.
    package internal(set) var events: Int64 = 0
    /// How many users' stories were folded.
    package internal(set) var users: Int64 = 0
    /// How many vault values were opened; nil when the vault was not checked.
    package internal(set) var values: Int64?
    /// How many of the vault's lookups are what the events of their subjects say.
    var lookups: Int64 = 0
    /// How many reservations of sessions and people no claim was made with.
    package internal(set) var unusedReservations: Int64 = 0
    /// How many values of past tokens should have been dropped long ago, and are there.
    package internal(set) var overdueValues: Int64 = 0
    /// How many apps' own secrets were opened; nil when they were not looked at.
    package internal(set) var apps: Int64?
    /// Whether the vault could be opened.
    package internal(set) var vault = VaultAccess.noRootKey
    /// At which sizes of the logs of facts, by their numbers, the maps of states were made anew, and have the roots
    /// that were stated.
    package internal(set) var mapped: [Int32: Int64] = [:]
    /// What is known of each log.
    package internal(set) var logs: [LogVerdict] = []
    package internal(set) var findings: [Finding] = []
    /// Whether more findings were made than are listed.
    package internal(set) var isTruncated = false

    mutating func add(_ finding: Finding) {
        guard findings.count < Self.findingsMax else {
            isTruncated = true
            return
        }
        findings.append(finding)
    }

    mutating func add(_ logID: Int32, _ position: Int64?, _ flaw: VerificationFlaw) {
        add(Finding(logID, position, flaw))
    }

    /// Takes over what another worker found.
    mutating func merge(_ other: VerificationReport) {
        events += other.events
        users += other.users
        if let otherValues = other.values { values = (values ?? 0) + otherValues }
        lookups += other.lookups
        unusedReservations += other.unusedReservations
        overdueValues += other.overdueValues
        if let otherApps = other.apps { apps = (apps ?? 0) + otherApps }
        mapped.merge(other.mapped) { $1 }
        logs += other.logs
        isTruncated = isTruncated || other.isTruncated
        for finding in other.findings { add(finding) }
    }
}

/// What was proved of one log.
package struct LogVerdict: Sendable {
    /// Where the key came from that the signatures were checked with.
    package enum KeySource: Sendable, Equatable {
        /// The caller named it.
        case pinned
        /// It is the deployment's own: whoever holds the deployment could have signed anew.
        case deployment
        /// There was none: roots were compared, signatures were not checked.
        case none
    }

    package let logID: Int32
    /// How many records the log had when its verification began.
    package let size: Int64
    /// What lies before this size was not read again.
    package let since: Int64
    /// The verifier key, as text.
    package let key: String?
    package let keySource: KeySource
    /// The records before this size are those that a checkpoint was signed over.
    package internal(set) var provedSize: Int64 = 0
    /// How many checkpoints were compared.
    package internal(set) var checkpoints: Int64 = 0
    /// Whether a checkpoint from outside the database was among them.
    package internal(set) var isKeptOutside = false
    /// What is cold history: not in the database, so that only its hashes were read.
    package internal(set) var cold: [ColdStretch] = []
    /// What of it was read in bundles.
    package internal(set) var coldRead: [ColdStretch] = []

    /// What people call the log.
    package var name: String { Log.name(id: logID) }

    /// What of it nobody has read.
    package var coldUnread: [ColdStretch] { cold.filter { !coldRead.contains($0) } }
}

extension VerificationReport {
    /// The verdict in plain words: what was proved, under which key, and what was not.
    package var sentences: [String] {
        var sentences = logs.flatMap(Self.sentences)
        sentences += evidenceSentences
        let isPartial = logs.contains { $0.since > 0 }
        sentences.append(
            isPartial
                ? "The users to whom something happened since were folded from their first event "
                    + "on (\(users)) and compared with the projection; the others were not."
                : "All \(users) users were folded from their events and compared with the "
                    + "projection, in both directions."
        )
        sentences.append(mapSentence)
        if overdueValues > 0 {
            sentences.append(
                "\(overdueValues) values of tokens that were replaced are there a day or more after the "
                    + "grace of their apps: they are dropped while the service runs."
            )
        }
        if unusedReservations > 0 {
            sentences.append(
                "\(unusedReservations) reservations of sessions, people or tokens led to no claim: whoever made "
                    + "them ended before, and they go to the next one who asks for the same."
            )
        }
        sentences.append(
            isPartial || findings.contains { $0.position != nil && $0.kind != .recordForged }
                ? "Not checked: that apps, API keys, webhook endpoints and problems are those that the "
                    + "events made."
                : "The rows of apps, API keys, webhook endpoints and problems were compared with the "
                    + "events that made them, but for what no event names: addresses, origins, labels, "
                    + "networks and secrets."
        )
        return sentences + vaultSentences
    }

    /// What is to be known of the evidence, once for all logs.
    private var evidenceSentences: [String] {
        var sentences: [String] = []
        if logs.contains(where: { $0.keySource == .deployment }) {
            sentences.append(
                "You named no key: whoever holds the root key could have signed another history (--key pins one)."
            )
        }
        if logs.contains(where: { $0.keySource == .none }) {
            sentences.append(
                "Not checked: who signed the checkpoints (name a key with --key, or give the root key)."
            )
        }
        let inside = logs.filter { !$0.isKeptOutside }
        if !inside.isEmpty {
            let names = inside.map(\.name).joined(separator: ", ")
            let what =
                inside.count == logs.count ? "the whole database was not" : "\(names) were not"
            sentences.append(
                "Not proved: that \(what) set back; no checkpoint from outside was given (--checkpoint-folder)."
            )
        }
        return sentences
    }

    private var mapSentence: String {
        guard !mapped.isEmpty else {
            return
                "Not checked, unless a finding is about it: the root of the map of current states."
        }
        let sizes = mapped.sorted { $0.key < $1.key }
        let first = sizes.map { "\($0.value) of \(Log.name(id: $0.key))" }.joined(separator: ", ")
        let made =
            sizes.count == 1
            ? "The map of current states was made anew of the first records (\(first)), and has the root that was"
            : "The maps of current states were made anew of the first records (\(first)), and have the roots that were"
        return
            "\(made) stated last. Not checked: the map of names, which nobody can make of the log."
    }

    private var vaultSentences: [String] {
        guard let values else {
            return switch vault {
            case .unused:
                ["Not checked: the vault. The database was never used, so it has no keys."]
            case .keysMissing, .opened:
                ["Not checked: the vault. The deployment's own keys cannot be opened."]
            case .noRootKey:
                [
                    "Not checked: the vault. Without the root key no value can be compared with "
                        + "its fingerprint."
                ]
            }
        }
        guard let apps else {
            return [
                "\(values) sealed values of these users were opened and compared with the "
                    + "fingerprints that the log names.",
                "Not checked: the values of the other users, the apps' own secrets, and whether "
                    + "the vault holds rows of nobody.",
            ]
        }
        return [
            "\(values) sealed values were opened. Those of users were compared with the fingerprints "
                + "that the log names, and the vault's lookups with the events that made them; every "
                + "row of the vault belongs to a user or an app, unless a finding says otherwise.",
            "The secrets of \(apps) apps open. Not checked: that they are those that the provider "
                + "gave; no event names them.",
        ]
    }

    private static func sentences(of log: LogVerdict) -> [String] {
        var sentences: [String] = []
        let isOfFacts = Log(id: log.logID)?.kind == .facts
        let line = isOfFacts ? nil : log.cold.last?.positions.upperBound
        let first = max(log.since, line ?? 0)
        let start = first == 0 ? "" : " from position \(first) on"
        sentences.append(
            "Log \(log.name): \(log.size) records; those\(start) were read and agree with their "
                + "columns unless a finding says otherwise."
        )
        let proved =
            log.since == 0
            ? "Log \(log.name): the first \(log.provedSize) records"
            : "Log \(log.name): the records from position \(log.since) to \(log.provedSize), "
                + "following the checkpoint there,"
        switch log.keySource {
        case .pinned:
            sentences.append(
                "\(proved) are those that were signed, "
                    + "under the key you named: \(log.key ?? "")."
            )
        case .deployment:
            sentences.append(
                "\(proved) are those that were signed, "
                    + "under the deployment's own key, \(log.key ?? "")."
            )
        case .none:
            sentences.append(
                "\(proved) have the roots that the stored checkpoints name."
            )
        }
        if log.provedSize < log.size {
            sentences.append(
                "Not proved: that nobody changed or removed the records of log \(log.name) from "
                    + "position \(log.provedSize) on; no checkpoint covers them yet."
            )
        }
        for stretch in log.cold {
            let range = "\(stretch.positions.lowerBound) to \(stretch.positions.upperBound - 1)"
            let positions =
                isOfFacts
                ? "launches of log \(log.name) from position \(range) that are cold history"
                : "the records of log \(log.name) from position \(range), which are cold history"
            sentences.append(
                log.coldRead.contains(stretch)
                    ? "Read in a bundle: \(positions). They are those whose hashes the tiles have."
                    : "Not read: \(positions). Their hashes are in the tiles, and part of what is said above; the "
                        + "records are in the bundle of export \(stretch.export) (--bundle)."
            )
        }
        if log.since > 0 {
            sentences.append(
                "Not read again: the records of log \(log.name) before position \(log.since). "
                    + "That they are still those that were signed is not part of this verdict."
            )
        }
        return sentences
    }
}
