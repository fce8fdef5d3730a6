internal import Crypto
internal import MerkleLog

/// Reads a file of lines, compressed or not, in pages of bounded size.
final class LineFile {
    /// Whole lines.
    struct Page {
        var bytes: [UInt8] = []
        /// Where each line ends, behind its newline.
        var ends: [Int] = []

        /// The lines, without their newlines.
        var ranges: some Sequence<Range<Int>> {
            zip([0] + ends, ends).lazy.map { $0..<$1 - 1 }
        }
    }

    private let content: ContentFile
    private var rest: [UInt8] = []
    /// How many lines were given.
    private(set) var lines: Int64 = 0

    /// Opens a file; unless it is said whether it is compressed, its first bytes tell.
    init(_ path: String, isGzipped: Bool? = nil) throws(BundleError) {
        content = try ContentFile(path, isGzipped: isGzipped)
    }

    /// The name of the file.
    var name: String { content.name }

    /// What the file was on the disk; known once everything was read.
    var sum: ContentFile.Sum { content.sum }

    /// The next lines, at most so many; nil at the end.
    func next(
        linesMax: Int = ExportLimits.pageLinesMax
    ) throws(BundleError) -> Page? {
        var page = Page()
        // Where the first incomplete line begins, and up to where no newline is.
        var start = 0
        var seen = 0
        while page.ends.count < linesMax {
            if let end = rest[seen...].firstIndex(of: UInt8(ascii: "\n")) {
                guard end - start <= ExportLimits.lineBytesMax else { throw tooLong(page) }
                page.ends.append(end + 1)
                start = end + 1
                seen = start
                continue
            }
            seen = rest.count
            guard seen - start <= ExportLimits.lineBytesMax else { throw tooLong(page) }
            if start > 0, seen >= ExportLimits.pageBytesMax { break }
            let chunk = try content.next()
            if chunk.isEmpty {
                guard start == seen else {
                    throw malformed(page, .noEnd)
                }
                break
            }
            rest += chunk
        }
        guard start > 0 else { return nil }
        page.bytes = Array(rest[..<start])
        rest.removeFirst(start)
        lines += Int64(page.ends.count)
        return page
    }

    private func tooLong(_ page: Page) -> BundleError {
        malformed(page, .tooLong)
    }

    private func malformed(_ page: Page, _ flaw: LineFlaw) -> BundleError {
        .malformedLine(file: name, line: lines + Int64(page.ends.count) + 1, flaw)
    }
}

/// Reads a file's content from front to end, expanding it where it is compressed.
final class ContentFile {
    /// What a file is on the disk.
    struct Sum: Equatable {
        var bytes: Int64
        var sha256: MerkleHash
    }

    private let file: DiskFile
    private var gzip: GzipReader?
    private var compressed: ArraySlice<UInt8> = []
    private var hasher = SHA256()
    private var bytes: Int64 = 0
    private let isGzipped: Bool?
    private var isStarted = false

    init(_ path: String, isGzipped: Bool?) throws(BundleError) {
        file = try DiskFile.reading(path)
        self.isGzipped = isGzipped
    }

    var name: String { file.name }

    /// What was read from the disk so far.
    var sum: Sum { Sum(bytes: bytes, sha256: MerkleHash(sha256: hasher)) }

    private func read() throws(BundleError) -> [UInt8] {
        let chunk = try file.read(upTo: ExportLimits.chunkBytes)
        hasher.update(data: chunk)
        bytes += Int64(chunk.count)
        return chunk
    }

    /// The next bytes of the content; none at the end.
    func next() throws(BundleError) -> [UInt8] {
        if !isStarted {
            isStarted = true
            let first = try read()
            guard isGzipped ?? first.starts(with: GzipReader.magic) else { return first }
            gzip = GzipReader()
            compressed = first[...]
        }
        guard let gzip else { return try read() }
        do {
            while true {
                let content = try gzip.read(&compressed)
                if !content.isEmpty { return content }
                if compressed.isEmpty {
                    compressed = try read()[...]
                    if compressed.isEmpty {
                        try gzip.finish()
                        return []
                    }
                }
            }
        } catch let error as GzipError {
            throw .gzip(file: name, error)
        } catch let error as BundleError {
            throw error
        } catch {
            throw .gzip(file: name, .damaged)
        }
    }
}
