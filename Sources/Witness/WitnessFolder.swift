internal import Crypto
internal import Foundation
internal import MerkleLog

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// The folder in which a witness remembers the last checkpoint of each log.
///
/// One process at a time: two that share a folder could sign two trees that disagree.
package final class WitnessFolder: Sendable {
    private let path: String
    private let lock: Int32

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
        let lock = unsafe open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw .unusable(path: path) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            let isTaken = errno == EWOULDBLOCK
            close(lock)
            throw isTaken ? .taken(path: path) : .unusable(path: path)
        }
        self.lock = lock
    }

    deinit { close(lock) }

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
        let draft = file + ".new"
        do {
            try Self.writeThrough(note.bytes, to: draft)
            guard unsafe rename(draft, file) == 0 else { throw WitnessFolderError.full(file: file) }
            // The name is an entry of the folder, which is written through by itself.
            try Self.synchronize(folder: path)
        } catch {
            throw .full(file: file)
        }
    }

    private static func writeThrough(_ bytes: [UInt8], to path: String) throws {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw WitnessFolderError.full(file: path) }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try file.write(contentsOf: Data(bytes))
        try file.synchronize()
    }

    private static func synchronize(folder: String) throws {
        let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw WitnessFolderError.unusable(path: folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw WitnessFolderError.unusable(path: folder) }
    }

    /// An origin may hold whatever a path must not, so its hash is the name.
    private func file(_ origin: String) -> String {
        let digits = SHA256.hash(data: Array(origin.utf8)).map {
            String($0 >> 4, radix: 16) + String($0 & 15, radix: 16)
        }
        return "\(path)/\(digits.joined())"
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
