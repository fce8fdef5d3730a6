internal import Crypto
internal import DurableFiles
internal import Foundation
internal import MerkleLog
internal import Wire

/// The folder in which a witness remembers the last checkpoint of each log.
///
/// One process at a time: two that share a folder could sign two trees that disagree.
package final class WitnessFolder: Sendable {
    private let path: String
    private let lock: FolderLock

    /// Makes the folder when it is missing, and takes its lock, which lasts as long as the object.
    package init(path: String) throws(WitnessFolderError) {
        self.path = path
        do {
            try FileManager.default.createDirectory(
                atPath: path,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw .unusable(path: path)
        }
        do {
            lock = try FolderLock(folder: path)
        } catch {
            switch error {
            case .locked: throw .taken(path: path)
            case .system: throw .unusable(path: path)
            }
        }
    }

    /// The note that was written last for a log; nil when there is none.
    ///
    /// A draft that was left behind by a crash is not looked at.
    func read(origin: String) throws(WitnessFolderError) -> SignedNote? {
        let file = file(origin)
        guard FileManager.default.fileExists(atPath: file) else { return nil }
        do {
            return try SignedNote(Array(try Data(contentsOf: URL(fileURLWithPath: file))))
        } catch {
            throw .damaged(file: file)
        }
    }

    /// Replaces the note of a log; when this returns, it outlasts a loss of power.
    func write(_ note: SignedNote, origin: String) throws(WitnessFolderError) {
        let file = file(origin)
        do {
            // The lock leaves one writer, so a draft that a crash left behind is used again.
            try DurableFile.replace(
                file,
                with: note.bytes,
                readers: .owner,
                draft: file + ".new"
            )
        } catch {
            throw .full(file: file)
        }
    }

    /// An origin may hold whatever a path must not, so its hash is the name.
    private func file(_ origin: String) -> String {
        "\(path)/\(Hexadecimal.encode(SHA256.hash(data: Array(origin.utf8))))"
    }
}

/// Why a witness cannot remember.
package enum WitnessFolderError: Error, Equatable, CustomStringConvertible {
    /// The folder cannot be made or opened.
    case unusable(path: String)
    /// Another witness works on the folder.
    case taken(path: String)
    /// A file does not hold a checkpoint that this witness, or its log, signed.
    case damaged(file: String)
    /// A file cannot be written.
    case full(file: String)

    package var description: String {
        switch self {
        case .unusable(let path): "the state folder \(path) cannot be used"
        case .taken(let path): "another witness works on the state folder \(path)"
        case .damaged(let file):
            "\(file) does not hold a checkpoint that this witness signed; without it nobody knows "
                + "what was signed last"
        case .full(let file): "\(file) cannot be written"
        }
    }
}
