internal import DurableFiles
internal import Glibc

/// A folder that only its owner may read.
struct DiskFolder {
    let path: String

    /// Makes the folder unless it is there.
    func make() throws(BundleError) {
        if unsafe mkdir(path, 0o700) != 0, errno != EEXIST { throw .lastSystemError(file: path) }
        try synchronizeParent()
    }

    /// The path of a file in it.
    func file(_ name: String) -> String { path + "/" + name }

    /// The names in it, in order.
    func names() throws(BundleError) -> [String] {
        guard let directory = unsafe opendir(path) else { throw .lastSystemError(file: path) }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Whether something is at this path, be it only a link.
    static func isThere(_ path: String) -> Bool {
        var status = stat()
        return unsafe lstat(path, &status) == 0
    }

    /// Whether this path is a folder.
    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Makes the names in it durable.
    func synchronize() throws(BundleError) { try DiskFile.folder(path).synchronize() }

    /// Makes its own name durable.
    private func synchronizeParent() throws(BundleError) {
        try DiskFolder(holding: path).synchronize()
    }

    /// The folder in which something stands.
    init(holding path: String) {
        var parts = path.split(separator: "/", omittingEmptySubsequences: true)
        _ = parts.popLast()
        let parent = parts.joined(separator: "/")
        self.path = path.hasPrefix("/") ? "/" + parent : (parent.isEmpty ? "." : parent)
    }

    init(_ path: String) { self.path = path }

    /// Puts a whole file there, or in its place, at once and durably.
    func replace(_ name: String, _ bytes: [UInt8]) throws(BundleError) {
        do {
            // The draft's name is one that a resumed export knows as its own.
            try DurableFile.replace(
                file(name),
                with: bytes,
                readers: .owner,
                draft: file(ExportProgress.newName(name))
            )
        } catch {
            switch error {
            case .system(_, let problem): throw .system(file: name, problem: problem)
            case .locked: throw .inUse
            }
        }
    }

    /// Removes a file, if it is there, durably.
    func remove(_ name: String) throws(BundleError) {
        if unsafe unlink(file(name)) != 0, errno != ENOENT { throw .lastSystemError(file: name) }
        try synchronize()
    }

    /// The bytes of a file that has at most so many.
    func contents(_ name: String, bytesMax: Int) throws(BundleError) -> [UInt8] {
        let file = try DiskFile.reading(file(name))
        var bytes: [UInt8] = []
        while bytes.count <= bytesMax {
            let chunk = try file.read(upTo: bytesMax + 1 - bytes.count)
            if chunk.isEmpty { return bytes }
            bytes += chunk
        }
        throw .system(file: name, problem: "it has more than \(bytesMax) bytes")
    }
}
