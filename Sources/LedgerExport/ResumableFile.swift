/// A file that grows by durable steps, so that whoever was killed goes on from the last one.
final class ResumableFile {
    /// What is durable of a file.
    struct Mark: Equatable {
        var name: String
        var bytes: Int64 = 0
        var lines: Int64 = 0
    }

    private(set) var mark: Mark
    private let file: DiskFile
    private let gzip: GzipWriter?
    private var buffer: [UInt8] = []
    private var isMemberOpen = false

    /// Opens or makes the file, and cuts off what came behind the mark.
    init(_ mark: Mark, in folder: DiskFolder, isGzipped: Bool) throws(BundleError) {
        self.mark = mark
        file = try DiskFile.writing(folder.file(mark.name))
        gzip = isGzipped ? GzipWriter() : nil
        guard try file.size() >= mark.bytes else { throw .damagedFile(name: mark.name) }
        try file.truncate(to: mark.bytes)
    }

    /// Adds whole lines.
    func append(_ bytes: [UInt8], lines: Int) throws(BundleError) {
        guard !bytes.isEmpty else { return }
        mark.lines += Int64(lines)
        if let gzip {
            isMemberOpen = true
            buffer += gzip.append(bytes)
        } else {
            buffer += bytes
        }
        if buffer.count >= ExportLimits.chunkBytes { try flush() }
    }

    private func flush() throws(BundleError) {
        guard !buffer.isEmpty else { return }
        try file.write(buffer)
        mark.bytes += Int64(buffer.count)
        buffer.removeAll(keepingCapacity: true)
    }

    /// Makes everything durable; a compressed file then ends with a whole member.
    ///
    /// A compressed file without content has one empty member, once it is said to be complete.
    func commit(isComplete: Bool = false) throws(BundleError) {
        if let gzip, isMemberOpen || (isComplete && mark.bytes == 0) {
            buffer += gzip.finish()
            isMemberOpen = false
        }
        try flush()
        try file.synchronize()
    }
}
