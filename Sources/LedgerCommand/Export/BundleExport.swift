import Console
import Ledger
import LedgerExport
import LedgerStack
import LedgerStore
import MerkleLog
import Vault

/// An export to a folder that proves itself.
struct BundleExport {
    let command: ExportCommand
    let store: LedgerStore

    func run(folder: String) async throws {
        let log = command.selection.conditions.log
        let size = try await store.size(log: log)
        let covering = try await coveringCheckpoint(log)
        let requests = try await command.selection.requests(store, upTo: [log: covering.size])
        var request = requests[0]
        let writer = try BundleWriter(
            folder: folder,
            plan: try await plan(request, covering),
            resuming: command.resume
        )
        let plan = writer.plan
        request.positions = writer.next..<plan.positions.upperBound
        // On record before the first byte is read, and once more when it is gone on with.
        try await store.recordExport(
            [request],
            id: plan.export,
            format: .bundle,
            identities: plan.hasIdentities,
            context: .byOperator
        )
        try await writeEvents(request, writer)
        if plan.hasIdentities { try await writeIdentities(of: request.apps, writer) }
        let signer = store.vault.checkpointSigner(logID: log.id)
        var pageHasEvents = true
        let manifest = try writer.finish { content in
            pageHasEvents = content.hasEvents
            return BundlePage(content, of: log)
        } sign: {
            try signer.sign($0)
        }
        Terminal.message(
            "\(manifest.events) events of positions \(plan.positions.lowerBound) to "
                + "\(plan.positions.upperBound - 1) are in \(folder), with their proof."
        )
        let unsigned = size - Int64(plan.tree.size)
        if unsigned > 0, command.selection.untilPosition == nil {
            Terminal.message(
                "Not part of it: \(unsigned) newer events that no checkpoint covers yet."
            )
        }
        Terminal.message(
            pageHasEvents
                ? "Look at it in a browser: \(folder)/index.html"
                : "\(folder)/index.html says what it is, and shows no events: a page holds at most "
                    + "\(BundlePage.limits.events) events and \(BundlePage.limits.bytes >> 20) MiB."
        )
        Terminal.message("Check it with: token-ledger verify \(folder) --key \(plan.verifierKey)")
    }

    /// What proves the events that are there now.
    private func coveringCheckpoint(_ log: Log) async throws -> PublishedCheckpoint {
        guard let covering = try await store.latestCheckpoint(log: log), covering.size > 0
        else {
            throw CommandError(
                "The log has no checkpoint yet, so nothing could be proved. The service "
                    + "publishes one about every second."
            )
        }
        return covering
    }

    private func plan(
        _ request: ExportRequest,
        _ covering: PublishedCheckpoint
    ) async throws -> BundlePlan {
        let start = request.positions.lowerBound
        // A bundle that follows another one begins where that one's checkpoint ended, and proves
        // that the log only grew since.
        var earlier = try await store.checkpoint(atOrBefore: start, log: request.log)
        if earlier == nil || start == 0 {
            earlier = try await store.firstCheckpoint(log: request.log)
        }
        let first = earlier ?? covering
        var tree = TreeReader(store, size: covering.size, log: request.log)
        return try BundlePlan(
            export: store.clock.identifier(),
            madeAt: store.clock.now(),
            madeBy: command.madeBy ?? "",
            reason: command.reason ?? "",
            query: request.query,
            positions: request.positions,
            verifierKey: store.vault.checkpointSigner(logID: request.log.id).key,
            checkpoint: try SignedNote(Array(covering.note.utf8)),
            firstCheckpoint: try SignedNote(Array(first.note.utf8)),
            consistency: try await tree.consistency(from: first.size),
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
        try await ExportPages(store: store, requests: [request]).write { page in
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
            try writer.commit(next: $0)
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
    /// The console's page around a bundle of this log.
    fileprivate init(_ content: Content, of log: Log) {
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
                key: manifest.verifierKey
            ),
            limits: content.hasEvents ? nil : Self.limits
        )
        let history = BundleHistory(of: log)
        self.init(head: document.head, foot: document.foot) { history.line(of: $0) }
    }
}
