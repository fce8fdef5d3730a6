internal import Crypto
internal import Foundation
package import MerkleLog
internal import Wire

/// What a witness does with a request (C2SP `tlog-witness`).
enum WitnessVerdict: Sendable, Equatable {
    case cosigned(NoteSignature)
    /// The body is no request, or the tree shrinks in it (400).
    case malformed
    /// No known key signed the checkpoint (403).
    case unknownKey
    /// The log is not known (404).
    case unknownLog
    /// The last checkpoint that was signed has this size (409).
    case conflict(size: Int)
    /// A tree of this size was signed already, or is empty, and has another root (422).
    case otherTree
    /// The proof does not show that the last checkpoint is continued (422).
    case notConsistent
}

/// Signs checkpoints of known logs, each only as the continuation of the one before.
package actor CheckpointWitness {
    /// What it signed last for a log.
    private struct Signed {
        let checkpoint: Checkpoint
        /// With the log's signatures and its own.
        let note: SignedNote
        let time: Int
    }

    /// The public part of the key it signs with.
    package nonisolated let key: VerifierKey
    private let cosigner: Cosigner
    private let logs: [[UInt8]: [VerifierKey]]
    private let folder: WitnessFolder
    private let now: @Sendable () -> Int
    private var signed: [[UInt8]: Signed] = [:]

    /// Takes the logs' keys, whose names are the logs' origins, and reads what was signed before.
    ///
    /// `now` gives the time in seconds since 1970. Throws when a file in the folder cannot be
    /// trusted: to begin anew would mean to sign whatever comes.
    package init(
        cosigner: Cosigner,
        logs keys: [VerifierKey],
        folder: WitnessFolder,
        now: @escaping @Sendable () -> Int = { Int(Date().timeIntervalSince1970) }
    ) throws(WitnessFolderError) {
        key = cosigner.key
        self.cosigner = cosigner
        self.folder = folder
        self.now = now
        logs = Dictionary(grouping: keys) { Array($0.name.utf8) }
        for (origin, keys) in logs {
            let name = String(decoding: origin, as: UTF8.self)
            guard let note = try folder.read(origin: name) else { continue }
            do {
                // Its own signature, too: a log's key may have been replaced since.
                let signatures = try note.verify(keys + [cosigner.key])
                let checkpoint = try Checkpoint(note.text)
                guard checkpoint.origin.utf8.elementsEqual(origin) else {
                    throw NoteError.otherOrigin
                }
                signed[origin] = Signed(
                    checkpoint: checkpoint,
                    note: note,
                    time: signatures.compactMap(\.time).max() ?? 0
                )
            } catch {
                throw .damaged(file: "the state of \(name)")
            }
        }
    }

    /// Decides on the body of a request.
    ///
    /// What was signed is on the disk before the signature is given away; throws when it cannot be.
    func judge(_ body: [UInt8]) throws(WitnessFolderError) -> WitnessVerdict {
        guard let request = try? WitnessRequest(body) else { return .malformed }
        let origin = Array(request.checkpoint.origin.utf8)
        guard let keys = logs[origin] else { return .unknownLog }
        guard let verified = try? request.note.verify(keys) else { return .unknownKey }
        guard request.oldSize <= request.checkpoint.size else { return .malformed }
        let last = signed[origin]
        let lastSize = last?.checkpoint.size ?? 0
        guard request.oldSize == lastSize else { return .conflict(size: lastSize) }
        let lastRoot = last?.checkpoint.root ?? .emptyTree
        if request.checkpoint.size == lastSize, request.checkpoint.root != lastRoot {
            return .otherTree
        }
        do {
            try request.proof.verify(oldRoot: lastRoot, newRoot: request.checkpoint.root)
        } catch {
            return .notConsistent
        }
        return .cosigned(try sign(request, by: verified.map(\.key), after: last))
    }

    /// The last checkpoint that was signed of the log whose origin has this hash, for monitors.
    ///
    /// The hash is SHA-256 in lower-case hexadecimal digits. Nil when nothing was signed.
    func latest(originHash: String) -> SignedNote? {
        signed.first { Hexadecimal.encode(SHA256.hash(data: $0.key)) == originHash }?.value.note
    }

    private func sign(
        _ request: WitnessRequest,
        by keys: [VerifierKey],
        after last: Signed?
    ) throws(WitnessFolderError) -> NoteSignature {
        let origin = Array(request.checkpoint.origin.utf8)
        // A clock that was set back must not make an older statement about a newer tree.
        let time = max(now(), last?.time ?? 0)
        let signature: NoteSignature
        let kept: SignedNote
        do {
            signature = try cosigner.sign(request.checkpoint, time: time)
            // Who else has signed is not ours to keep.
            let logs = request.note.signatures.filter { line in
                keys.contains { line.isSaidToBe(of: $0) }
            }
            kept = try SignedNote(text: request.note.text, signatures: logs + [signature])
        } catch {
            preconditionFailure("A checkpoint that was read can be signed.")
        }
        if last?.checkpoint != request.checkpoint {
            try folder.write(kept, origin: request.checkpoint.origin)
        }
        signed[origin] = Signed(checkpoint: request.checkpoint, note: kept, time: time)
        return signature
    }
}
