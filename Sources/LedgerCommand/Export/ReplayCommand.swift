import ArgumentParser
import Ledger
import LedgerAudit
import LedgerExport
import LedgerStore
import MerkleLog
import Postgres
import Wire

/// `token-ledger replay`: an exported log, rebuilt in another database.
struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Rebuild log and projection in an empty database from an export.",
        discussion: """
            The export is a bundle or an NDJSON file of a whole log, compressed or not. A bundle is \
            verified first. With --to the result is the ledger as it was at that moment: it ends \
            with the record at this position, or with the last record of this time or earlier. \
            The Merkle root of what was rebuilt is printed; at the size of a checkpoint it is the \
            one that was signed. Values are not in an export, so the result holds no tokens and no \
            service can run on it: it is there for SQL and for token-ledger verify. Of several logs of \
            facts each is replayed by itself, into one database, with --fact-logs and how many there are.
            """
    )

    @Argument(help: ArgumentHelp("A bundle's folder, or a file.", valueName: "export"))
    var source: String

    @Option(
        help: ArgumentHelp(
            "Connection string of the empty database, with the rights of its owner. A password "
                + "belongs into a passfile, not here.",
            valueName: "database-url"
        )
    )
    var into: String

    @Option(help: ArgumentHelp("Where to end.", valueName: "position or time"))
    var to: String?

    @Option(help: ArgumentHelp("A verifier key that you trust.", valueName: "name+id+base64"))
    var key: [String] = []

    @Option(
        help: """
            Which log a single file is of, such as facts-1; the first of facts unless named. A bundle \
            knows by itself.
            """,
        transform: LogChoice.reading(.facts, .access)
    )
    var log: LogChoice?

    @OptionGroup var factLogs: FactLogsOptions

    @Flag(help: "Print one JSON document.")
    var json = false

    func validate() throws {
        if let to { _ = try ReplayEnd(to) }
    }

    func run() async throws {
        guard !SplitBundle(folder: source).isThere else {
            throw CommandError(
                "The bundle is of several logs: replay each of its folders, such as \(source)/facts-1, into "
                    + "one database, with --fact-logs and how many the ledger has."
            )
        }
        do {
            let manifest = try BundleReader(path: source).manifest
            if let manifest { try verify(manifest) }
            let end = try (try to.map { try ReplayEnd($0) })?.size(of: source) ?? .max
            let report = try await replay(
                end: end,
                of: try log(manifest),
                checkpoints: try checkpoints(end: end)
            )
            tell(report)
        } catch let error as BundleError {
            throw CommandError("The export cannot be read: \(error).")
        }
    }

    private func verify(_ manifest: BundleManifest) throws {
        guard manifest.proof == .root else {
            throw CommandError(
                "The bundle has a part of the log only; a replay needs the whole log "
                    + "(token-ledger export --bundle, without filters)."
            )
        }
        guard log == nil else { throw CommandError("--log is for files; this is a bundle.") }
        let meter = ProgressMeter("verify")
        let report = try BundleVerification.run(
            folder: source,
            keys: try VerifyCommand.keys(key)
        ) { meter.show($0, of: $1, "events") }
        meter.end()
        for sentence in report.sentences { Terminal.message(sentence) }
        guard report.findings.isEmpty else {
            for finding in report.findings { Terminal.result("\(finding)") }
            throw TokenLedger.verificationFailed
        }
    }

    private func log(_ manifest: BundleManifest?) throws -> Log {
        guard let manifest else { return log?.log ?? .facts }
        guard let log = Log(origin: manifest.origin) else {
            throw CommandError("\(manifest.origin) is no log of a token ledger.")
        }
        return log
    }

    private func checkpoints(end: Int64) throws -> [PublishedCheckpoint] {
        var checkpoints: [Int64: PublishedCheckpoint] = [:]
        for note in try BundleReader.checkpoints(path: source) {
            let checkpoint = try Checkpoint(note.text)
            let size = Int64(checkpoint.size)
            guard size <= end else { continue }
            checkpoints[size] = PublishedCheckpoint(
                size: size,
                root: checkpoint.root,
                note: String(decoding: note.bytes, as: UTF8.self)
            )
        }
        return Array(checkpoints.values)
    }

    private func replay(
        end: Int64,
        of log: Log,
        checkpoints: [PublishedCheckpoint]
    ) async throws -> ReplayReport {
        let reader = try BundleReader(path: source)
        let meter = ProgressMeter("replay")
        let total = reader.manifest?.events ?? 0
        let database = try await Settings.load().database(Secret(into))
        var replay = try await DatabaseFailure.explaining(DatabaseMap(database)) {
            if let logs = factLogs.logs {
                _ = try await Migrator.migrate(database)
                try await Migrator.makeLogs(logs, on: database)
            }
            return try await LogReplay(into: database, log: log, checkpoints: checkpoints)
        }
        do {
            while let page = try reader.nextPage() {
                let records = page.records(below: end)
                try await replay.append(records)
                if let last = page.positions.last { meter.show(last + 1, of: total, "records") }
                if records.count < page.positions.count { break }
            }
            meter.end()
            return try await replay.finish()
        } catch {
            await replay.cancel()
            throw error
        }
    }

    private func tell(_ report: ReplayReport) {
        if json {
            Terminal.result([
                "size": .number(String(report.size)),
                "root": .string("\(report.root)"),
                "signed_size": report.signedSize.map { .number(String($0)) } ?? .null,
                "users": .number(String(report.users)),
            ])
            return
        }
        Terminal.result("\(report.size) records, root \(report.root), \(report.users) users")
        switch report.signedSize {
        case report.size:
            Terminal.message("The root is the one that the log's checkpoint was signed over.")
        case let size? where size > 0:
            Terminal.message(
                "The first \(size) records have the root that was signed. The root of all "
                    + "\(report.size) is that of a moment between checkpoints: nobody signed it, but "
                    + "its records are the first of the verified export."
            )
        default:
            Terminal.message(
                "No checkpoint is of this size or less, so there is no signed root to compare with."
            )
        }
    }
}

extension BundleReader.Page {
    /// The records that stand before a position.
    fileprivate func records(below end: Int64) -> [[UInt8]] {
        var records: [[UInt8]] = []
        var start = 0
        for (lineEnd, position) in zip(ends, positions) where position < end {
            records.append(Array(lines[start..<lineEnd - 1]))
            start = lineEnd
        }
        return records
    }
}
