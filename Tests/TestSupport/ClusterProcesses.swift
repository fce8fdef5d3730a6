import Foundation
import Glibc

/// The processes of a private PostgreSQL.
///
/// Each of them, and nothing else, works in the data folder; so they are found also when the
/// first one is dead and they are nobody's children any more.
package struct ClusterProcesses: Sendable {
    private struct Folder: Equatable {
        let device: dev_t
        let inode: ino_t

        init?(_ path: String) {
            var status = stat()
            guard unsafe stat(path, &status) == 0 else { return nil }
            (device, inode) = (status.st_dev, status.st_ino)
        }
    }

    private let data: Folder
    /// Where the shell works that started the server.
    private let parent: Folder

    /// How long the kernel may take to end processes, which it cannot while they wait for a disk.
    private static let endTimeMax = Duration.seconds(20)
    private static let pause = Duration.milliseconds(2)

    /// The processes that work in `data` of a folder.
    ///
    /// - Throws: `POSIXError` when the folder is not there.
    package init(folder: String) throws {
        guard let data = Folder("\(folder)/data"), let parent = Folder(folder) else {
            throw POSIXError(.ENOENT)
        }
        (self.data, self.parent) = (data, parent)
    }

    /// Who lives; a process that has ended and only waits to be collected works nowhere.
    package func all() -> [Int32] { working(in: [data]) }

    private func working(in folders: [Folder]) -> [Int32] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return entries.compactMap(Int32.init).filter { process in
            Folder("/proc/\(process)/cwd").map(folders.contains) ?? false
        }
    }

    /// Who has a client, by what PostgreSQL shows; with `onlyBusy` only who does not wait for its next
    /// statement.
    func backends(onlyBusy: Bool) -> [Int32] {
        all().filter { process in
            let title = Self.text("/proc/\(process)/cmdline").split(separator: " [local] ")
            return title.count == 2 && !(onlyBusy && title[1] == "idle")
        }
    }

    /// Ends all at once and waits until none is left.
    ///
    /// A process that is stopped makes no others, so that none is missed. The shell that started
    /// the server sees that it is gone, and ends too. The memory that they shared is removed as
    /// well, which otherwise the next start in the same place would do.
    package func kill() async throws {
        var stopped: Set<Int32> = []
        while case let others = Set(all()).subtracting(stopped), !others.isEmpty {
            for process in others { Glibc.kill(process, SIGSTOP) }
            stopped.formUnion(others)
        }
        let memory = Set(stopped.flatMap(sharedMemory))
        for process in stopped { Glibc.kill(process, SIGKILL) }
        let deadline = ContinuousClock.now + Self.endTimeMax
        while !working(in: [data, parent]).isEmpty {
            guard ContinuousClock.now < deadline else { throw POSIXError(.ETIMEDOUT) }
            try await Task.sleep(for: Self.pause)
        }
        for segment in memory { segment.remove() }
    }

    private enum SharedMemory: Hashable {
        case identifier(Int32)
        case file(String)

        func remove() {
            switch self {
            case .identifier(let identifier): shmctl(identifier, IPC_RMID, nil)
            case .file(let path): unsafe unlink(path)
            }
        }
    }

    /// What a process has mapped: `start-end rights offset device inode path`, where the inode
    /// of memory from `shmget` is its identifier.
    private func sharedMemory(of process: Int32) -> [SharedMemory] {
        Self.text("/proc/\(process)/maps").split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count > 5 else { return nil }
            if words[5].hasPrefix("/SYSV") { return Int32(words[4]).map { .identifier($0) } }
            return words[5].hasPrefix("/dev/shm/PostgreSQL.") ? .file(String(words[5])) : nil
        }
    }

    /// A file of the kernel, whose size is not known before.
    private static func text(_ path: String) -> String {
        let bytes = FileManager.default.contents(atPath: path) ?? Data()
        // The title is filled up to its old length.
        return String(decoding: bytes.filter { $0 != 0 }, as: UTF8.self)
            .trimmingCharacters(in: .whitespaces)
    }
}
