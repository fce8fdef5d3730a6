internal import Ledger
package import MerkleLog

/// Checks a bundle of several logs: the cut, each log's part by itself, and that all are of one export.
package struct SplitVerification {
    /// The kinds of checks; only tests leave any out, to show that each is needed.
    enum Check: CaseIterable, Sendable {
        case cut, key, names, tree, export
    }

    private let path: String
    private let keys: [VerifierKey]
    private let checks: Set<Check>
    private var report = SplitReport()

    /// Checks everything in a folder, as `BundleVerification.run` does in that of one log.
    ///
    /// One key of a log of the ledger is enough, for all its logs have the same one under names of their own.
    package static func run(
        folder: String,
        keys: [VerifierKey],
        progress: (_ done: Int64, _ total: Int64) -> Void = { _, _ in }
    ) throws -> SplitReport {
        try run(folder: folder, keys: keys, checks: Set(Check.allCases), progress: progress)
    }

    static func run(
        folder: String,
        keys: [VerifierKey],
        checks: Set<Check>,
        progress: (Int64, Int64) -> Void = { _, _ in }
    ) throws -> SplitReport {
        var verification = SplitVerification(folder: folder, keys: keys, checks: checks)
        try verification.run(progress)
        return verification.report
    }

    private init(folder: String, keys: [VerifierKey], checks: Set<Check>) {
        path = folder
        self.keys = keys
        self.checks = checks
    }

    private mutating func add(_ check: Check, _ file: String, _ flaw: BundleFlaw) {
        guard checks.contains(check) else { return }
        report.add(
            BundleReport.Finding(file: file.printable, line: nil, position: nil, flaw: flaw)
        )
    }

    private mutating func run(_ progress: (Int64, Int64) -> Void) throws {
        let names = try DiskFolder(path).names()
        let parts = names.compactMap { Log(name: $0) }.sorted { $0.id < $1.id }
        guard let cut = readCut(parts.first) else { return }
        report.cut = cut
        let kind = parts.first?.kind ?? .facts
        let logs = (0..<cut.pairs).map { Log(kind, pair: $0) }
            .filter { cut.trees[Int($0.id)].size > 0 }
        for log in logs where !names.contains(log.name) {
            add(.names, log.name, .partMissing)
        }
        let known = logs.map(\.name) + [SplitBundle.cut]
        for name in names where !known.contains(name) {
            add(.names, name, .partForeign)
        }
        for log in logs where names.contains(log.name) { try check(log, cut, progress) }
    }

    /// The cut, once one of the keys has signed it; nil where nothing can be read of it.
    private mutating func readCut(_ first: Log?) -> Cut? {
        let note: SignedNote
        let cut: Cut
        do {
            note = try SignedNote(
                DiskFolder(path).contents(SplitBundle.cut, bytesMax: SignedNote.bytesMax)
            )
            cut = try Cut(note.text)
        } catch let error as BundleError {
            add(.cut, SplitBundle.cut, .unreadable(error))
            return nil
        } catch let error as NoteError {
            add(.cut, SplitBundle.cut, .cutUnsound(error))
            return nil
        } catch {
            return nil
        }
        var logKeys = keys.filter { $0.type == .ed25519 }
        report.keySource = logKeys.isEmpty ? .bundle : .pinned
        if logKeys.isEmpty, let first, let key = ownKey(first) { logKeys = [key] }
        do {
            let cutKeys = logKeys.compactMap { $0.named(VerifierKey.cutName) }
            let signatures = try note.verify(cutKeys)
            guard signatures.contains(where: { $0.key.name.isIdentical(to: cut.name) }) else {
                throw NoteError.otherOrigin
            }
        } catch let error as NoteError {
            add(.key, SplitBundle.cut, .cutUnsound(error))
        } catch {}
        return cut
    }

    /// The key that came along in a part.
    private func ownKey(_ log: Log) -> VerifierKey? {
        let folder = DiskFolder(DiskFolder(path).file(log.name))
        let bytes = try? folder.contents(
            BundleLayout.manifest,
            bytesMax: ExportLimits.manifestBytesMax
        )
        return bytes.flatMap { try? BundleManifest(decoding: $0) }
            .flatMap { try? VerifierKey($0.verifierKey) }
    }

    /// A part by itself, and what it has in common with the others.
    private mutating func check(
        _ log: Log,
        _ cut: Cut,
        _ progress: (Int64, Int64) -> Void
    ) throws {
        let own = keys.map { $0.named("\(log.id)") ?? $0 }
        let part = try BundleVerification.run(
            folder: DiskFolder(path).file(log.name),
            keys: own,
            progress: progress
        )
        report.add(part, log)
        guard let manifest = part.manifest else { return }
        let origin = "\(cut.ledger)/\(log.id)"
        let tree = cut.trees[Int(log.id)]
        if !manifest.origin.isIdentical(to: origin) || manifest.treeSize != tree.size
            || manifest.root != tree.root
        {
            add(.tree, log.name, .cutDiffers)
        }
        guard let first = report.parts.first?.report.manifest else { return }
        let isWhole = manifest.positions == 0..<Int64(tree.size)
        if !isWhole || manifest.export != first.export || manifest.query != first.query
            || manifest.madeAt != first.madeAt
            || !manifest.madeBy.isIdentical(to: first.madeBy)
            || !manifest.reason.isIdentical(to: first.reason)
        {
            add(.export, log.name, .partOfOtherExport)
        }
    }
}
