package import Ledger
package import MerkleLog

/// A bundle of several logs: a folder with a cut over all logs of the ledger, and beside it a bundle for
/// each log, under the log's name, that begins and ends as any other.
///
/// A log of which there is nothing has no part.
package struct SplitBundle {
    static let cut = "cut"

    private let folder: DiskFolder

    package init(folder path: String) {
        folder = DiskFolder(path)
    }

    /// Whether a bundle is of several logs.
    package var isThere: Bool { DiskFolder.isThere(folder.file(Self.cut)) }

    /// The folder of a log's part.
    package func part(_ log: Log) -> String { folder.file(log.name) }

    /// The manifest of a part that needs no going on with; nil where it does, or is not there.
    package static func finished(_ part: String) throws(BundleError) -> BundleManifest? {
        let folder = DiskFolder(part)
        guard DiskFolder.isThere(folder.file(BundleLayout.manifestNote)),
            !DiskFolder.isThere(folder.file(BundleLayout.progress))
        else { return nil }
        return try BundleReader(path: part).manifest
    }

    /// Begins in a folder that is empty or not there, or goes on with what was begun in it; gives the cut with
    /// which it was begun.
    ///
    /// - Throws: `BundleError`, where the folder has what is no part of it.
    package func begin(
        _ cut: SignedNote,
        of logs: [Log],
        resuming: Bool
    ) throws(BundleError) -> SignedNote {
        try folder.make()
        let names = try folder.names()
        // A kill before the first step leaves at most the file that was to become it.
        let unborn = ExportProgress.newName(Self.cut)
        guard names.contains(Self.cut) else {
            if let foreign = names.first(where: { $0 != unborn }) { throw .occupied(name: foreign) }
            try folder.replace(Self.cut, cut.bytes)
            return cut
        }
        guard resuming else {
            let isUnfinished = names.contains {
                DiskFolder.isThere(folder.file($0) + "/" + BundleLayout.progress)
            }
            throw isUnfinished ? .unfinished : .occupied(name: Self.cut)
        }
        let known = logs.map(\.name) + [Self.cut, unborn]
        if let foreign = names.first(where: { !known.contains($0) }) {
            throw .occupied(name: foreign)
        }
        do {
            return try SignedNote(folder.contents(Self.cut, bytesMax: SignedNote.bytesMax))
        } catch let error as BundleError {
            throw error
        } catch {
            throw .damagedProgress
        }
    }
}
