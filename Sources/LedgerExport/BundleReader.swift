/// Reads the events of a bundle, or of a file with one record a line, page by page.
///
/// It makes sure that lines have bounds, that files are those that a manifest names, and that
/// positions rise. Whether anybody signed that, only `BundleVerification` says.
package final class BundleReader {
    /// Some events, in the order of their positions.
    package struct Page: Sendable, Equatable {
        /// The records, each with a newline behind it.
        package var lines: [UInt8]
        /// Where each line ends, behind its newline.
        package var ends: [Int]
        package var positions: [Int64]
    }

    /// The bundle's manifest; nil for a single file.
    package let manifest: BundleManifest?

    private let events: LineFile
    private let proofs: LineFile?
    private var next: Int64 = 0

    /// Opens a bundle's folder, or a file, compressed or not.
    ///
    /// A single file says nothing about positions: they are counted from 0, as is right for the
    /// whole log.
    package init(path: String) throws(BundleError) {
        guard DiskFolder.isFolder(path) else {
            manifest = nil
            events = try LineFile(path)
            proofs = nil
            return
        }
        let folder = DiskFolder(path)
        let bytes = try folder.contents(
            BundleLayout.manifest,
            bytesMax: ExportLimits.manifestBytesMax
        )
        let manifest = try BundleManifest(decoding: bytes)
        guard let layout = manifest.layout else {
            throw .malformedManifest(what: "it lists other files than the ledger writes")
        }
        self.manifest = manifest
        events = try LineFile(folder.file(layout.events), isGzipped: layout.isGzipped)
        proofs =
            layout.hasProofs
            ? try LineFile(folder.file(layout.proofs), isGzipped: layout.isGzipped) : nil
    }

    /// The next events; nil at the end.
    package func nextPage() throws(BundleError) -> Page? {
        guard let page = try events.next() else {
            try checkEnd()
            return nil
        }
        let positions = try positions(count: page.ends.count)
        return Page(lines: page.bytes, ends: page.ends, positions: positions)
    }

    private func positions(count: Int) throws(BundleError) -> [Int64] {
        guard let proofs else {
            defer { next += Int64(count) }
            return Array(next..<next + Int64(count))
        }
        var positions: [Int64] = []
        while positions.count < count {
            guard let page = try proofs.next(linesMax: count - positions.count) else {
                throw .malformedManifest(what: "\(proofs.name) has too few lines")
            }
            for line in page.ranges {
                guard let proof = try? BundleProof(decoding: Array(page.bytes[line])),
                    proof.position >= next, proof.position < .max
                else {
                    throw .malformedLine(
                        file: proofs.name,
                        line: proofs.lines,
                        .noProof
                    )
                }
                positions.append(proof.position)
                next = proof.position + 1
            }
        }
        return positions
    }

    private func checkEnd() throws(BundleError) {
        guard let manifest else { return }
        if let proofs, try proofs.next() != nil {
            throw .malformedManifest(what: "\(proofs.name) has too many lines")
        }
        for file in [events, proofs].compactMap({ $0 }) {
            guard let listed = manifest.files.first(where: { $0.name == file.name }),
                file.sum.bytes == listed.bytes, file.sum.sha256 == listed.sha256,
                file.lines == listed.lines
            else { throw .malformedManifest(what: "\(file.name) is not the file that it names") }
        }
    }
}
