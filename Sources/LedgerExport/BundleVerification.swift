internal import Crypto
internal import Ledger
package import MerkleLog

/// Checks a bundle without the service that made it, in bounded memory.
///
/// Memory grows only with identities: the distinct subjects of the events are then kept.
package struct BundleVerification {
    /// The kinds of checks; only tests leave any out, to show that each is needed.
    enum Check: CaseIterable, Sendable {
        case manifest, key, signature, checkpoint, firstCheckpoint, consistency, names, sums
        case record, query, positions, counts, root, inclusion, csv, identities, versions
    }

    let folder: DiskFolder
    let keys: [VerifierKey]
    private let checks: Set<Check>
    var report = BundleReport()

    /// Checks everything in a folder.
    ///
    /// `keys` are those that the caller trusts, of logs and of witnesses. Without one of a log the
    /// manifest's own key is used, which the report says. `progress` is told how many events were
    /// checked, and of how many. Throws `CancellationError`, and `BundleError.system` when the
    /// folder itself can not be read; whatever is wrong within it is a finding.
    package static func run(
        folder: String,
        keys: [VerifierKey],
        progress: (_ done: Int64, _ total: Int64) -> Void = { _, _ in }
    ) throws -> BundleReport {
        try run(folder: folder, keys: keys, checks: Set(Check.allCases), progress: progress)
    }

    static func run(
        folder: String,
        keys: [VerifierKey],
        checks: Set<Check>,
        progress: (Int64, Int64) -> Void = { _, _ in }
    ) throws -> BundleReport {
        var verification = BundleVerification(
            folder: DiskFolder(folder),
            keys: keys,
            checks: checks
        )
        try verification.run(progress)
        return verification.report
    }

    private init(folder: DiskFolder, keys: [VerifierKey], checks: Set<Check>) {
        self.folder = folder
        self.keys = keys
        self.checks = checks
    }

    /// Notes what does not fit.
    mutating func add(
        _ check: Check,
        _ file: String? = nil,
        line: Int64? = nil,
        position: Int64? = nil,
        _ flaw: BundleFlaw
    ) {
        guard checks.contains(check) else { return }
        report.add(
            BundleReport.Finding(
                file: file?.printable,
                line: line,
                position: position,
                flaw: flaw
            )
        )
    }

    private mutating func run(_ progress: (Int64, Int64) -> Void) throws {
        let names = try folder.names()
        let bytes: [UInt8]
        let manifest: BundleManifest
        do {
            bytes = try folder.contents(
                BundleLayout.manifest,
                bytesMax: ExportLimits.manifestBytesMax
            )
            manifest = try BundleManifest(decoding: bytes)
        } catch {
            add(.manifest, BundleLayout.manifest, .unreadable(error))
            return
        }
        report.manifest = manifest
        checkNames(names, manifest)
        checkSignatures(manifest, bytes)
        for name in [
            BundleLayout.checkpoint, BundleLayout.firstCheckpoint, BundleLayout.consistency,
            BundleLayout.page,
        ] {
            checkSum(of: name, manifest)
        }
        try checkData(manifest, progress)
    }

    /// Exactly the files that the manifest lists, and nothing else.
    private mutating func checkNames(_ names: [String], _ manifest: BundleManifest) {
        let listed =
            manifest.files.map(\.name) + [BundleLayout.manifest, BundleLayout.manifestNote]
        for name in listed where !names.contains(name) {
            add(.names, name, .fileMissing)
        }
        for name in names where !listed.contains(name) {
            add(.names, name, .fileNotListed)
        }
    }

    /// The key, the signature over the manifest, the checkpoints and what is between them.
    private mutating func checkSignatures(_ manifest: BundleManifest, _ bytes: [UInt8]) {
        guard let key = try? VerifierKey(manifest.verifierKey), key.type == .ed25519,
            key.name.utf8.elementsEqual(manifest.origin.utf8)
        else {
            add(.key, BundleLayout.manifest, .keyNotOfLog)
            return
        }
        let logKeys = keys.filter { $0.type == .ed25519 }
        report.keySource = logKeys.isEmpty ? .bundle : .pinned
        if !logKeys.isEmpty, !logKeys.contains(key) {
            add(.key, BundleLayout.manifest, .keyNotPinned)
        }
        checkNote(BundleManifest.noteText(bytes), key)
        let last = checkCheckpoint(BundleLayout.checkpoint, .checkpoint, key, manifest)
        let first = checkCheckpoint(BundleLayout.firstCheckpoint, .firstCheckpoint, key, manifest)
        guard let last, let first else { return }
        report.firstTreeSize = Int64(first.size)
        if last.size != manifest.treeSize || last.root != manifest.root {
            add(.checkpoint, BundleLayout.checkpoint, .checkpointDiffers)
        }
        checkConsistency(first, last)
    }

    private mutating func checkNote(_ text: String, _ key: VerifierKey) {
        let name = BundleLayout.manifestNote
        guard let bytes = contents(name, .signature, bytesMax: SignedNote.bytesMax) else { return }
        do {
            let note = try SignedNote(bytes)
            guard note.text.utf8.elementsEqual(text.utf8) else {
                add(.signature, name, .signatureOfOtherManifest)
                return
            }
            _ = try note.verify([key])
        } catch {
            add(.signature, name, .manifestNotSigned(error))
        }
    }

    private mutating func checkCheckpoint(
        _ name: String,
        _ check: Check,
        _ key: VerifierKey,
        _ manifest: BundleManifest
    ) -> Checkpoint? {
        guard let bytes = contents(name, check, bytesMax: SignedNote.bytesMax) else { return nil }
        do {
            let note = try SignedNote(bytes)
            do {
                _ = try note.verify([key])
                if name == BundleLayout.checkpoint { try noteWitnesses(note) }
            } catch {
                add(check, name, .checkpointUnsound(error))
            }
            let checkpoint = try Checkpoint(note.text)
            if !checkpoint.origin.utf8.elementsEqual(manifest.origin.utf8) {
                add(check, name, .checkpointOfOtherLog)
            }
            return checkpoint
        } catch {
            add(check, name, .checkpointUnsound(error))
            return nil
        }
    }

    /// The bytes of a small file; nil when it cannot be read, which is a finding.
    private mutating func contents(_ name: String, _ check: Check, bytesMax: Int) -> [UInt8]? {
        do {
            return try folder.contents(name, bytesMax: bytesMax)
        } catch {
            add(check, name, .unreadable(error))
            return nil
        }
    }

    /// Finds the witnesses that the caller trusts among the signatures; none is no mistake.
    private mutating func noteWitnesses(_ note: SignedNote) throws(NoteError) {
        let witnesses = keys.filter { $0.type == .cosignature }
        let isCosigned = note.signatures.contains { line in
            witnesses.contains { line.isSaidToBe(of: $0) }
        }
        guard isCosigned else { return }
        report.witnesses = try note.verify(witnesses).map {
            BundleReport.Witness(name: $0.key.name, time: $0.time ?? 0)
        }
    }

    private mutating func checkConsistency(_ first: Checkpoint, _ last: Checkpoint) {
        let name = BundleLayout.consistency
        let bytesMax = ExportLimits.consistencyBytesMax
        guard let bytes = contents(name, .consistency, bytesMax: bytesMax) else { return }
        guard let proof = try? ConsistencyProof(bundleBytes: bytes) else {
            add(.consistency, name, .consistencyMalformed)
            return
        }
        guard proof.old == first.size, proof.new == last.size else {
            add(.consistency, name, .consistencyOfOtherCheckpoints)
            return
        }
        do {
            try proof.verify(oldRoot: first.root, newRoot: last.root)
        } catch {
            add(.consistency, name, .consistencyNotProved(error))
        }
    }

    /// Size, hash and lines of a small file.
    private mutating func checkSum(of name: String, _ manifest: BundleManifest) {
        guard let listed = manifest.files.first(where: { $0.name == name }) else { return }
        do {
            let found = try BundleManifest.File(describing: name, in: folder, lines: nil)
            if found != listed { add(.sums, name, .fileDiffers) }
        } catch {
            add(.sums, name, .unreadable(error))
        }
    }
}
