import ArgumentParser
import Ledger
import LedgerAudit
import LedgerExport
import LedgerStore
import MerkleLog
import Postgres
import Vault
import Wire

/// `token-ledger verify`: replays the log and compares.
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Prove that the log is what was signed, and all that is derived from it.",
        discussion: """
            Checks that positions have no hole, that every column says what its record says, that \
            the records are those that every checkpoint was signed over, that every projection row \
            is what the events give and, with the root key, that every sealed value is the one \
            that the log names. Ends with 6 when something does not fit, and says in words what \
            was proved and what was not. The service may go on meanwhile.

            With a bundle's folder, checks the bundle instead, and with the file of a state's proof \
            that proof, without any database.
            """
    )

    @Argument(
        help: ArgumentHelp(
            "A bundle that token-ledger export made, or a file that proves a user's state.",
            valueName: "bundle-or-proof"
        )
    )
    var path: String?

    @OptionGroup var options: OwnerDatabaseOptions

    @OptionGroup(title: "For a state's proof") var proof: StateProofOptions

    @Option(
        help: ArgumentHelp(
            "A verifier key that you trust, one per log; kept from token-ledger checkpoint key. Several may stand on lines of one.",
            valueName: "name+id+base64"
        )
    )
    var key: [String] = []

    @Option(
        help: ArgumentHelp(
            "Begin at a checkpoint that was verified before: its size, or its log and size, such as facts-1:512.",
            valueName: "[log:]size"
        )
    )
    var since: [String] = []

    @Option(
        name: .customLong("checkpoint-folder"),
        help: """
            The folder outside of the database in which the service keeps its last checkpoints \
            (TOKEN_LEDGER_CHECKPOINT_FOLDER).
            """
    )
    var checkpointFolder: String?

    @Option(
        name: .customLong("root-key-file"),
        help: "The file with the root key, to compare the vault (TOKEN_LEDGER_ROOT_KEY_FILE)."
    )
    var rootKeyFile: String?

    @Option(
        help: ArgumentHelp(
            "The folder of a bundle with records that are cold history, to read them there; may be repeated.",
            valueName: "folder"
        )
    )
    var bundle: [String] = []

    @Flag(help: "Print one JSON document.")
    var json = false

    func validate() throws {
        guard
            path == nil
                || (since.isEmpty && checkpointFolder == nil && rootKeyFile == nil
                    && bundle.isEmpty)
        else {
            throw ValidationError(
                "A bundle or a proof is checked as a whole and by itself: --since, "
                    + "--checkpoint-folder, --root-key-file and --bundle are for the database."
            )
        }
        guard path != nil || proof.isEmpty else {
            throw ValidationError("--max-age, --witness-policy, --app and --user are for a proof.")
        }
    }

    func run() async throws {
        if let path { return try check(path, keys: Self.keys(key)) }
        let databases = try await options.databases()
        let plan = try await plan()
        let meter = ProgressMeter("verify")
        var report: VerificationReport
        do {
            report = try await DatabaseFailure.explaining(databases) {
                try await Verification.run(databases, plan: plan) { progress in
                    let noun = progress.phase == .records ? "records" : "users"
                    meter.show(progress.done, of: progress.total, noun)
                }
            }
        } catch let error as PostgresError
            where [.undefinedTable, .undefinedSchema].contains(error.sqlState)
        {
            throw CommandError("The database holds no ledger: token-ledger migrate makes one.")
        }
        meter.end()
        for folder in bundle {
            try await ColdBundleFolder(folder, keys: plan.keys).check(databases, &report)
        }
        if json {
            Terminal.result(Self.document(report))
        } else {
            for finding in report.findings { Terminal.result("\(finding)") }
            if report.isTruncated { Terminal.result("… and more") }
            for sentence in report.sentences { Terminal.message(sentence) }
            Terminal.message(Self.sentence(report))
        }
        if !report.findings.isEmpty { throw TokenLedger.verificationFailed }
    }

    /// Checks a bundle, which is a folder, or a proof, which is a file.
    private func check(_ path: String, keys: [VerifierKey]) throws {
        if StateProofFile.isFile(path) {
            let answer = try StateProofFile(path).verified(by: proof, keys: keys)
            answer.show(asJSON: json)
            if answer.isRefused { throw TokenLedger.verificationFailed }
            return
        }
        guard proof.isEmpty else {
            throw CommandError("\(path) is no file, and only a proof has an age and a user.")
        }
        let verdict = try BundleVerdict(folder: path, keys: keys)
        if json {
            Terminal.result(verdict.document)
        } else {
            verdict.show()
        }
        if !verdict.findings.isEmpty { throw TokenLedger.verificationFailed }
    }

    private func plan() async throws -> VerificationPlan {
        var plan = VerificationPlan()
        plan.keys = try Self.keys(key)
        for text in since {
            try Self.begin(&plan, text)
        }
        let settings = try await options.settings([.rootKeyFile: rootKeyFile])
        plan.checkpointFolder = try checkpointFolder ?? settings.text(.checkpointFolder)
        plan.rootKeys = try await RootKeySource.keysIfAny(settings)
        return plan
    }

    /// The keys that `--key` names: one, or several as `checkpoint key` prints them, each on a line.
    static func keys(_ texts: [String]) throws -> [VerifierKey] {
        try texts.flatMap { $0.split(separator: "\n", omittingEmptySubsequences: false) }.map {
            text in
            do {
                return try VerifierKey(String(text))
            } catch {
                throw CommandError("--key: \(error)")
            }
        }
    }

    /// Reads `size`, which is of the log of facts, or `log:size`, of the log with this number or name.
    private static func begin(_ plan: inout VerificationPlan, _ text: String) throws {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let name = parts.count == 2 ? String(parts[0]) : Log.facts.name
        guard parts.count <= 2, let last = parts.last, let size = Int64(last), size >= 0 else {
            throw CommandError("--since: a size, or a log and a size such as facts-1:131072.")
        }
        if let number = Int32(name) {
            plan.since[number] = size
        } else if let choice = LogChoice(name: name) {
            if choice.isOne {
                plan.since[choice.log.id] = size
            } else {
                plan.sinceOfOnly[choice.log.kind] = size
            }
        } else {
            throw CommandError("--since: no log is called \(name).")
        }
    }

    static func sentence(_ report: VerificationReport) -> String {
        let size = "\(count(report.events, "event")) and \(count(report.users, "user")) checked"
        guard !report.findings.isEmpty else {
            let cold = unread(report)
            return cold.isEmpty
                ? "\(size): everything fits."
                : "\(size): what was read fits; \(cold.joined(separator: " and ")) of cold history not read."
        }
        return "\(size), and \(count(Int64(report.findings.count), "finding")) made."
    }

    /// What of cold history no bundle was read for: of facts most events before the line were read in the database.
    private static func unread(_ report: VerificationReport) -> [String] {
        let logs = report.logs.filter { !$0.coldUnread.isEmpty }
        let (facts, accesses) = (
            logs.filter { Log(id: $0.logID)?.kind == .facts },
            logs.filter { Log(id: $0.logID)?.kind != .facts }
        )
        let events = accesses.flatMap(\.coldUnread).reduce(0) { $0 + $1.positions.count }
        return (facts.isEmpty ? [] : ["launches"])
            + (events == 0 ? [] : [count(Int64(events), "event")])
    }

    private static func count(_ number: Int64, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }

    private static func document(_ report: VerificationReport) -> JSONValue {
        [
            "events": .number(String(report.events)),
            "users": .number(String(report.users)),
            "values": report.values.map { .number(String($0)) } ?? .null,
            "apps": report.apps.map { .number(String($0)) } ?? .null,
            "is_clean": .bool(report.findings.isEmpty),
            "is_truncated": .bool(report.isTruncated),
            "findings": .array(report.findings.map(document)),
            "logs": .array(report.logs.map(document)),
            "verdict": .array(report.sentences.map { .string($0) }),
        ]
    }

    private static func document(_ finding: VerificationReport.Finding) -> JSONValue {
        [
            "log": .string(Log.name(id: finding.logID)), "log_id": .number(String(finding.logID)),
            "position": finding.position.map { .number(String($0)) } ?? .null,
            "positions_end": finding.positionsEnd.map { .number(String($0)) } ?? .null,
            "kind": .string(finding.kind.rawValue),
            "problem": .string(finding.problem),
        ]
    }

    private static func document(_ log: LogVerdict) -> JSONValue {
        let source =
            switch log.keySource {
            case .pinned: "pinned"
            case .deployment: "deployment"
            case .none: "none"
            }
        return [
            "log": .string(log.name), "log_id": .number(String(log.logID)),
            "size": .number(String(log.size)),
            "since": .number(String(log.since)),
            "proved_size": .number(String(log.provedSize)),
            "checkpoints": .number(String(log.checkpoints)),
            "cold_before": .number(String(log.cold.last?.positions.upperBound ?? 0)),
            "cold_unread": .array(
                log.coldUnread.map { stretch in
                    [
                        "from": .number(String(stretch.positions.lowerBound)),
                        "until": .number(String(stretch.positions.upperBound)),
                        "export": .string("\(stretch.export)"),
                    ]
                }
            ),
            "key": log.key.map { .string($0) } ?? .null,
            "key_source": .string(source),
        ]
    }
}
