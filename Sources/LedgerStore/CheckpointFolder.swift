internal import Foundation
internal import MerkleLog

/// A folder outside the database that remembers each log's last checkpoint, so that a database that
/// was set back is noticed (threats, T17).
struct CheckpointFolder: Sendable {
    let path: String

    /// The last checkpoint of a log, or nil when none was kept.
    ///
    /// Throws `VerificationFailure.unreadableCheckpoint` when what is there is none, and an error
    /// of the file system when it cannot be read: neither is a reason to go on.
    func read(logID: Int32) throws -> SignedNote? {
        let file = file(logID)
        guard FileManager.default.fileExists(atPath: file) else { return nil }
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: file)))
        do {
            return try SignedNote(bytes)
        } catch {
            throw VerificationFailure.unreadableCheckpoint(logID: logID)
        }
    }

    /// Replaces the last checkpoint; the file is whole at every moment.
    func write(_ note: SignedNote, logID: Int32) throws {
        try FileManager.default.createDirectory(
            atPath: path,
            withIntermediateDirectories: true
        )
        try Data(note.bytes).write(to: URL(fileURLWithPath: file(logID)), options: .atomic)
    }

    private func file(_ logID: Int32) -> String {
        path + "/checkpoint-\(logID)"
    }
}
