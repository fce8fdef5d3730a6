internal import DurableFiles
internal import Foundation
package import Ledger
package import MerkleLog

/// A folder outside the database that remembers each log's last checkpoint, so that a database that
/// was set back is noticed (docs/threats.md#t17).
package struct CheckpointFolder: Sendable {
    private let path: String

    /// The folder at this path; it is made by the first `write`.
    package init(path: String) {
        self.path = path
    }

    /// The logs of which a checkpoint was kept, in the order of their numbers.
    ///
    /// Throws an error of the file system when the folder is there and cannot be read.
    package func logs() throws -> [Log] {
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: path)
            .compactMap { name in
                guard name.hasPrefix(Self.prefix) else { return nil }
                return Int32(name.dropFirst(Self.prefix.count)).flatMap { Log(id: $0) }
            }
            .sorted { $0.id < $1.id }
    }

    private static let prefix = "checkpoint-"

    /// The last checkpoint of a log, or nil when none was kept.
    ///
    /// Throws `CheckpointFolderError.notACheckpoint` when the file does not hold one, and an error
    /// of the file system when it cannot be read: neither is a reason to go on.
    package func read(logID: Int32) throws -> SignedNote? {
        let file = file(logID)
        guard FileManager.default.fileExists(atPath: file) else { return nil }
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: file)))
        do {
            return try SignedNote(bytes)
        } catch {
            throw CheckpointFolderError.notACheckpoint(logID: logID)
        }
    }

    /// Replaces the last checkpoint; the file is whole at every moment, and when this returns it
    /// outlasts a loss of power.
    package func write(_ note: SignedNote, logID: Int32) throws {
        try FileManager.default.createDirectory(
            atPath: path,
            withIntermediateDirectories: true
        )
        // Several copies of the service may share the folder: each draft has a name of its own.
        try DurableFile.replace(file(logID), with: note.bytes, readers: .everybody)
    }

    private func file(_ logID: Int32) -> String {
        "\(path)/\(Self.prefix)\(logID)"
    }
}

/// Why a kept checkpoint cannot be used.
package enum CheckpointFolderError: Error, Equatable, CustomStringConvertible {
    /// What lies in the folder is no checkpoint.
    case notACheckpoint(logID: Int32)

    package var description: String {
        switch self {
        case .notACheckpoint(let logID):
            "the checkpoint folder's file for log \(Log.name(id: logID)) is no checkpoint"
        }
    }
}
