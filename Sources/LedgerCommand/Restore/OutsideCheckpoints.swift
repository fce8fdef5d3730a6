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
        if let folder { try takeAll(in: folder) }
        for file in files {
            guard let data = FileManager.default.contents(atPath: file),
                let note = try? SignedNote(Array(data)),
                let checkpoint = try? Checkpoint(note.text),
                let log = Log(origin: checkpoint.origin)
            else {
                throw CommandError("\(file) cannot be read, or holds no checkpoint of a ledger.")
            }
            try take(note, file, log.id)
        }
        guard !notes.isEmpty else {
            throw CommandError(
                "Nothing outside of the database is named, so nobody can say what is missing: "
                    + "--checkpoint-folder or --checkpoint names what was kept."
            )
        }
    }

    /// Of whatever logs there are: those of the database are not known yet.
    private mutating func takeAll(in path: String) throws {
        let folder = CheckpointFolder(path: path)
        do {
            for log in try folder.logs() {
                guard let note = try folder.read(logID: log.id) else { continue }
                try take(note, "\(path)/checkpoint-\(log.id)", log.id)
            }
        } catch let error as CheckpointFolderError {
            throw CommandError("\(error).")
        }
    }

    /// Refuses checkpoints of a log that a database has not: it is another one's, or has lost whole logs.
    func require(within logs: Logs) throws {
        for (logID, kept) in notes.sorted(by: { $0.key < $1.key }) {
            guard Log(id: logID).map(logs.contains) != true, let source = kept.first?.source else {
                continue
            }
            throw CommandError(
                "\(source) is a checkpoint of log \(Log.name(id: logID)), and the database has no such log."
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
