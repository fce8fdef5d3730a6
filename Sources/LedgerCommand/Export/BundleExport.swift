import Console
import Ledger
import LedgerExport
import LedgerStack
import LedgerStore
import MerkleLog
import Vault

/// An export to a folder that proves itself: of one log, or of several with a cut over all of them.
struct BundleExport {
    let command: ExportCommand
    let store: LedgerStore

    /// What is written of one log.
    private final class Part {
        let writer: BundleWriter
        var request: ExportRequest

        init(_ writer: BundleWriter, _ request: ExportRequest) {
            self.writer = writer
            self.request = request
            self.request.positions = writer.next..<writer.plan.positions.upperBound
        }
    }

    /// What all parts of a bundle have in common.
    private final class Beginning {
        let export: Identifier
        let madeAt: Timestamp

        init(_ export: Identifier, _ madeAt: Timestamp) {
            self.export = export
            self.madeAt = madeAt
        }
    }

    func run(folder: String) async throws {
        let logs = try await command.selection.logs(store)
        guard logs.count > 1 else { return try await run(folder: folder, of: logs[0]) }
        try await run(folder: folder, of: logs)
    }

    // MARK: One log

    private func run(folder: String, of log: Log) async throws {
        let size = try await store.size(log: log)
        let covering = try await coveringCheckpoint(log)
        let requests = try await command.selection.requests(store, upTo: [log: covering.size])
        let plan = try await plan(requests[0], covering)
        let writer = try BundleWriter(folder: folder, plan: plan, resuming: command.resume)
        let part = Part(writer, requests[0])
        try await record([part])
        let pageHasEvents = try await write(part, [])
        tell(writer, in: folder)
        let unsigned = size - Int64(writer.plan.tree.size)
        if unsigned > 0, command.selection.untilPosition == nil {
            Terminal.message(
                "Not part of it: \(unsigned) newer events that no checkpoint covers yet."
            )
        }
        Terminal.message(
            pageHasEvents
                ? "Look at it in a browser: \(folder)/index.html" : Self.emptyPage(folder)
        )
        Terminal.message(
            "Check it with: token-ledger verify \(folder) --key \(writer.plan.verifierKey)"
        )
    }

    /// What proves the events that are there now.
    private func coveringCheckpoint(_ log: Log) async throws -> PublishedCheckpoint {
        guard let covering = try await store.latestCheckpoint(log: log), covering.size > 0
        else { throw Self.nothingSigned }
        return covering
    }

    // MARK: Several logs

    private func run(folder: String, of logs: [Log]) async throws {
        let bundle = SplitBundle(folder: folder)
        let fresh = try await store.cut()
        // What cannot be asked for is refused before there is a folder.
        guard try await !requests(logs, fresh).isEmpty else { throw Self.nothingSigned }
        let note = try bundle.begin(
            try store.vault.cutSigner.sign(fresh.text),
            of: logs,
            resuming: command.resume
        )
        _ = try note.verify([store.vault.cutSigner.key])
        let requests = try await requests(logs, try Cut(note.text))
        let parts = try await parts(requests, bundle)
        try await record(parts)
        for part in parts {
            let folder = bundle.part(part.request.log)
            let hasEvents = try await write(part, requests.map(\.log))
            tell(part.writer, in: folder)
            Terminal.message(
                hasEvents
                    ? "Look at it in a browser: \(folder)/index.html" : Self.emptyPage(folder)
            )
        }
        let key = store.vault.checkpointSigner(logID: requests[0].log.id).key
        Terminal.message("Check all of it with: token-ledger verify \(folder) --key \(key)")
    }

    /// What is asked for of each log, up to where it was by a cut; of a log in which there is nothing there is
    /// nothing to prove.
    private func requests(_ logs: [Log], _ cut: Cut) async throws -> [ExportRequest] {
        let sizes = Dictionary(
            uniqueKeysWithValues: logs.map { ($0, Int64(cut.trees[Int($0.id)].size)) }
        )
        return try await command.selection.requests(store, upTo: sizes)
            .filter { sizes[$0.log] ?? 0 > 0 }
    }

    /// Begins every part before anything is written, or goes on with those that are not finished: all have the id
    /// and the time of the first one.
    private func parts(_ requests: [ExportRequest], _ bundle: SplitBundle) async throws -> [Part] {
        var parts: [Part] = []
        var first: Beginning?
        for request in requests {
            let covering = try await store.checkpoint(
                atOrBefore: request.positions.upperBound,
                log: request.log
            )
            guard let covering, covering.size == request.positions.upperBound else {
                throw CommandError("The checkpoint of \(request.log.name) in the cut is gone.")
            }
            let path = bundle.part(request.log)
            let plan = try await plan(request, covering, as: first)
            if command.resume, let manifest = try SplitBundle.finished(path) {
                first = first ?? Beginning(manifest.export, manifest.madeAt)
                continue
            }
            let writer = try BundleWriter(folder: path, plan: plan, resuming: command.resume)
            first = first ?? Beginning(writer.plan.export, writer.plan.madeAt)
            parts.append(Part(writer, request))
        }
        guard !parts.isEmpty else { throw BundleError.finished }
        return parts
    }

    // MARK: Either

    private static let nothingSigned = CommandError(
        "The log has no checkpoint yet, so nothing could be proved. The service "
            + "publishes one about every second."
    )

    private static func emptyPage(_ folder: String) -> String {
        "\(folder)/index.html says what it is, and shows no events: a page holds at most "
            + "\(BundlePage.limits.events) events and \(BundlePage.limits.bytes >> 20) MiB."
    }

    private func tell(_ writer: BundleWriter, in folder: String) {
        let positions = writer.plan.positions
        Terminal.message(
            "\(writer.events) events of positions \(positions.lowerBound) to "
                + "\(positions.upperBound - 1) are in \(folder), with their proof."
        )
    }

    /// On record before the first byte is read, and once more when it is gone on with.
    private func record(_ parts: [Part]) async throws {
        guard let plan = parts.first?.writer.plan else { return }
        try await store.recordExport(
            parts.map(\.request),
            id: plan.export,
            format: .bundle,
            identities: plan.hasIdentities,
            context: .byOperator
        )
    }

    /// Writes a log's events to the end; whether its page has them.
    private func write(_ part: Part, _ logs: [Log]) async throws -> Bool {
        let (request, writer) = (part.request, part.writer)
        try await writeEvents(request, writer)
        if writer.plan.hasIdentities { try await writeIdentities(of: request.apps, writer) }
        let signer = store.vault.checkpointSigner(logID: request.log.id)
        var pageHasEvents = true
        _ = try writer.finish { content in
            pageHasEvents = content.hasEvents
            return BundlePage(content, of: request.log, among: logs)
        } sign: {
            try signer.sign($0)
        }
        return pageHasEvents
    }

    private func plan(
        _ request: ExportRequest,
        _ covering: PublishedCheckpoint,
        as first: Beginning? = nil
    ) async throws -> BundlePlan {
        let start = request.positions.lowerBound
        // A bundle that follows another one begins where that one's checkpoint ended, and proves
        // that the log only grew since.
        var earlier = try await store.checkpoint(atOrBefore: start, log: request.log)
        if earlier == nil || start == 0 {
            earlier = try await store.firstCheckpoint(log: request.log)
        }
        let old = earlier ?? covering
        var tree = TreeReader(store, size: covering.size, log: request.log)
        return try BundlePlan(
            export: first?.export ?? store.clock.identifier(),
            madeAt: first?.madeAt ?? store.clock.now(),
            madeBy: command.madeBy ?? "",
            reason: command.reason ?? "",
            query: request.query,
            positions: request.positions,
            verifierKey: store.vault.checkpointSigner(logID: request.log.id).key,
            checkpoint: try SignedNote(Array(covering.note.utf8)),
            firstCheckpoint: try SignedNote(Array(old.note.utf8)),
            consistency: try await tree.consistency(from: old.size),
            hasCSV: command.format == .csv,
            isGzipped: command.gzip,
            hasIdentities: command.identities,
            hasPage: true
        )
    }

    private func writeEvents(_ request: ExportRequest, _ writer: BundleWriter) async throws {
        var proofs: TreeReader?
        if writer.plan.proof == .inclusion {
            proofs = TreeReader(store, size: Int64(writer.plan.tree.size), log: request.log)
        }
        try await ExportPages(store: store, requests: [request]).write { part in
            let page = part.page
            var paths: [[MerkleHash]]?
            if proofs != nil {
                var found: [[MerkleHash]] = []
                for position in page.positions {
                    found.append(try await proofs?.inclusion(of: position) ?? [])
                }
                paths = found
            }
            try writer.append(
                lines: page.lines,
                ends: page.ends,
                positions: page.positions,
                proofs: paths
            )
        } commit: {
            try writer.commit(next: $0.position)
        }
    }

    /// Says whose the pseudonyms are.
    ///
    /// Someone whose values are gone stays in the list, without them.
    private func writeIdentities(of apps: [StoredApp], _ writer: BundleWriter) async throws {
        let subjects = writer.subjects.sorted()
        let step = 1_000
        for start in stride(from: 0, to: subjects.count, by: step) {
            let part = Array(subjects[start..<min(subjects.count, start + step)])
            var known: [Identifier: UserIdentity] = [:]
            for app in apps {
                for identity in try await store.identities(of: part, app: app) {
                    known[identity.subject] = identity
                    guard identity.isDamaged else { continue }
                    Terminal.message(
                        "Who \(identity.subject) is cannot be read: what is stored of the user is "
                            + "damaged (token-ledger verify)."
                    )
                }
            }
            try writer.identities(
                part.map { subject in
                    BundleIdentity(
                        subject: subject,
                        clientUserID: known[subject]?.clientUserID?.exposed,
                        humanID: known[subject]?.humanID?.exposed
                    )
                }
            )
        }
    }
}

extension BundlePage {
    /// The console's page around a bundle of this log, among several or alone.
    fileprivate init(_ content: Content, of log: Log, among logs: [Log]) {
        let manifest = content.manifest
        let document = BundleDocument(
            BundleDocument.Story(
                log: log,
                origin: manifest.origin,
                export: manifest.export,
                madeAt: manifest.madeAt,
                madeBy: manifest.madeBy,
                reason: manifest.reason,
                query: manifest.query,
                positions: manifest.positions,
                events: manifest.events,
                tree: (manifest.treeSize, manifest.root),
                key: manifest.verifierKey,
                parts: logs
            ),
            limits: content.hasEvents ? nil : Self.limits
        )
        let history = BundleHistory(of: log)
        self.init(head: document.head, foot: document.foot) { history.line(of: $0) }
    }
}
