package import MerkleLog

extension BundleReader {
    /// The checkpoints of a bundle, the earlier one first; none for a single file.
    ///
    /// Nothing is checked here: `BundleVerification` says whether the log signed them.
    package static func checkpoints(path: String) throws(BundleError) -> [SignedNote] {
        guard DiskFolder.isFolder(path) else { return [] }
        let folder = DiskFolder(path)
        var notes: [SignedNote] = []
        for name in [BundleLayout.firstCheckpoint, BundleLayout.checkpoint] {
            let bytes = try folder.contents(name, bytesMax: SignedNote.bytesMax)
            do {
                notes.append(try SignedNote(bytes))
            } catch {
                throw .malformedLine(file: name, line: 1, .noNote(error))
            }
        }
        return notes
    }
}
