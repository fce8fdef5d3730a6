import Ledger
import LedgerExport
import LedgerStore
import MerkleLog
import Vault

/// An export to a folder that proves itself.
struct BundleExport {
    let command: ExportCommand
    let target: ExportTarget
    let store: LedgerStore

    func run(folder: String) async throws {
        let writer = try BundleWriter(
            folder: folder,
            plan: try await plan(),
            resuming: command.resume
        )
        let plan = writer.plan
        // On record before the first byte is read, and once more when it is gone on with.
        try await target.record(
            target.event(
                plan.export,
                .bundle,
                writer.next..<plan.positions.upperBound,
                identities: plan.hasIdentities
            ),
            store
        )
        try await writeEvents(writer)
        if plan.hasIdentities { try await writeIdentities(writer) }
        let signer = store.vault.checkpointSigner(logID: target.logID)
        let manifest = try writer.finish { try signer.sign($0) }
        Terminal.message(
            "\(manifest.events) events of positions \(plan.positions.lowerBound) to "
                + "\(plan.positions.upperBound - 1) are in \(folder), with their proof."
        )
        let unsigned = target.size - Int64(plan.tree.size)
        if unsigned > 0, target.until == nil {
            Terminal.message(
                "Not part of it: \(unsigned) newer events that no checkpoint covers yet."
            )
        }
        Terminal.message("Check it with: token-ledger verify \(folder) --key \(plan.verifierKey)")
    }

    private func plan() async throws -> BundlePlan {
        guard let covering = try await store.latestCheckpoint(logID: target.logID),
            covering.size > 0
        else {
            throw CommandError(
                "The log has no checkpoint yet, so nothing could be proved. The service "
                    + "publishes one about every second."
            )
        }
        let range = try target.range(upTo: covering.size)
        // A bundle that follows another one begins where that one's checkpoint ended, and proves
        // that the log only grew since.
        var earlier = try await store.checkpoint(
            atOrBefore: range.lowerBound,
            logID: target.logID
        )
        if earlier == nil || range.lowerBound == 0 {
            earlier = try await store.firstCheckpoint(logID: target.logID)
        }
        let first = earlier ?? covering
        var tree = TreeReader(store, size: covering.size, logID: target.logID)
        return try BundlePlan(
            export: store.clock.identifier(),
            madeAt: store.clock.now(),
            madeBy: command.madeBy ?? "",
            reason: command.reason ?? "",
            query: target.query,
            positions: range,
            verifierKey: store.vault.checkpointSigner(logID: target.logID).key,
            checkpoint: try SignedNote(Array(covering.note.utf8)),
            firstCheckpoint: try SignedNote(Array(first.note.utf8)),
            consistency: try await tree.consistency(from: first.size),
            hasCSV: command.format == .csv,
            isGzipped: command.gzip,
            hasIdentities: command.identities
        )
    }

    private func writeEvents(_ writer: BundleWriter) async throws {
        let end = writer.plan.positions.upperBound
        var proofs: TreeReader?
        if writer.plan.proof == .inclusion {
            proofs = TreeReader(store, size: Int64(writer.plan.tree.size), logID: target.logID)
        }
        let pages = ExportPages(
            store: store,
            filter: target.filter,
            logID: target.logID,
            until: end
        )
        try await pages.write(from: writer.next) { page in
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
    private func writeIdentities(_ writer: BundleWriter) async throws {
        let subjects = writer.subjects.sorted()
        let step = 1_000
        for start in stride(from: 0, to: subjects.count, by: step) {
            let part = Array(subjects[start..<min(subjects.count, start + step)])
            var known: [Identifier: UserIdentity] = [:]
            for app in target.apps {
                for identity in try await store.identities(of: part, app: app) {
                    known[identity.subject] = identity
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
