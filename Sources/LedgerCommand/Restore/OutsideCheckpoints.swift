import Foundation
import Ledger
import LedgerStore
import MerkleLog

/// The checkpoints that were kept outside of a database: in the checkpoint folder, or in files of
/// the operator's, such as what a witness shows.
struct OutsideCheckpoints {
    /// A checkpoint, and what is known of where it was.
    struct Kept {
        let note: SignedNote
        let size: Int64
        /// The file.
        let source: String
        /// When the file was written: nothing in a checkpoint says when it was signed.
        let time: Timestamp?
    }

    /// By log, the largest first: each of them must be of the log.
    private(set) var notes: [Int32: [Kept]] = [:]

    init(folder: String?, files: [String]) throws {
        for log in Logs.one.all {
            guard let folder else { break }
            do {
                if let note = try CheckpointFolder(path: folder).read(logID: log.id) {
                    try take(note, "\(folder)/checkpoint-\(log.id)", log.id)
                }
            } catch let error as CheckpointFolderError {
                throw CommandError("\(error).")
            }
        }
        for file in files {
            guard let data = FileManager.default.contents(atPath: file),
                let note = try? SignedNote(Array(data)),
                let checkpoint = try? Checkpoint(note.text),
                let logID = checkpoint.origin.split(separator: "/").last.flatMap({ Int32($0) })
            else {
                throw CommandError("\(file) cannot be read, or holds no checkpoint of a ledger.")
            }
            try take(note, file, logID)
        }
        guard !notes.isEmpty else {
            throw CommandError(
                "Nothing outside of the database is named, so nobody can say what is missing: "
                    + "--checkpoint-folder or --checkpoint names what was kept."
            )
        }
    }

    private mutating func take(_ note: SignedNote, _ file: String, _ logID: Int32) throws {
        guard let checkpoint = try? Checkpoint(note.text) else {
            throw CommandError("\(file) holds no checkpoint.")
        }
        let attributes = try? FileManager.default.attributesOfItem(atPath: file)
        let written = attributes?[.modificationDate] as? Date
        let kept = Kept(
            note: note,
            size: Int64(checkpoint.size),
            source: file,
            time: written.map {
                Timestamp(microseconds: Int64($0.timeIntervalSince1970) * 1_000_000)
            }
        )
        let others = notes[logID] ?? []
        let place = others.firstIndex { $0.size < kept.size } ?? others.endIndex
        notes[logID, default: []].insert(kept, at: place)
    }
}
