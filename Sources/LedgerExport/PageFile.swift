internal import Crypto
internal import MerkleLog
internal import Wire

/// Writes a bundle's page: the contents of files, one behind the other, as text within a document.
final class PageFile {
    private let file: ResumableFile
    /// What was put in and is to be signed.
    private(set) var files: [BundleManifest.File] = []

    /// Begins anew, whatever is there.
    init(in folder: DiskFolder) throws(BundleError) {
        file = try ResumableFile(.init(name: BundleLayout.page), in: folder, isGzipped: false)
    }

    /// Adds a part of the document itself.
    func append(_ text: [UInt8]) throws(BundleError) { try file.append(text, lines: 0) }

    /// Adds a file; `next` gives its content piece by piece, and nothing at its end.
    func add(_ name: String, isListed: Bool = true, next: () throws -> [UInt8]) throws {
        try append(Array("<script type=\"text/plain\" data-file=\"\(name)\">".utf8))
        let gzip = GzipWriter()
        var hasher = SHA256()
        var bytes: Int64 = 0
        var lines: Int64 = 0
        // Three bytes are four characters; what is left over waits.
        var rest: [UInt8] = []
        while true {
            let piece = try next()
            rest += piece.isEmpty ? gzip.finish() : gzip.append(piece)
            let count = piece.isEmpty ? rest.count : rest.count / 3 * 3
            try append(Array(Base64.standard.encode(Array(rest[..<count])).utf8))
            rest.removeFirst(count)
            if piece.isEmpty { break }
            hasher.update(data: piece)
            bytes += Int64(piece.count)
            lines += Int64(piece.count { $0 == UInt8(ascii: "\n") })
        }
        try append(Array("</script>\n".utf8))
        guard isListed else { return }
        let sum = MerkleHash(sha256: hasher)
        files.append(.init(name: name, bytes: bytes, sha256: sum, lines: lines))
    }

    /// Adds a file of which all is known.
    func add(_ name: String, isListed: Bool = true, _ content: [UInt8]) throws {
        var rest = [content]
        try add(name, isListed: isListed) { rest.popLast() ?? [] }
    }

    /// Makes it durable.
    func finish() throws(BundleError) { try file.commit(isComplete: true) }
}
