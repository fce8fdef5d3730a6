import Ledger
import MerkleLog
import Testing

@testable import LedgerExport

/// A bundle whose files are at hand, to change them as an attacker would.
struct EditableBundle {
    var files: [String: [UInt8]]

    /// Takes the files of a folder.
    init(_ folder: TemporaryFolder, _ name: String = "bundle") throws {
        files = try folder.contents(name)
    }

    /// Writes a bundle without compression, and takes it.
    init(_ log: SampleLog, _ plan: BundlePlan) throws {
        let folder = try TemporaryFolder()
        try log.write(plan, to: folder.file("bundle"))
        try self.init(folder)
    }

    var manifest: BundleManifest {
        get throws { try BundleManifest(decoding: try #require(files["manifest.json"])) }
    }

    /// Replaces the manifest as one who holds this key would.
    mutating func edit(
        signedBy signer: NoteSigner,
        _ change: (inout BundleManifest) throws -> Void
    ) throws {
        var manifest = try manifest
        try change(&manifest)
        let bytes = manifest.encoded()
        files["manifest.json"] = bytes
        files["manifest.note"] = try signer.sign(BundleManifest.noteText(bytes)).bytes
    }

    /// What the manifest has to say of the files as they are now.
    func sums(_ manifest: BundleManifest) throws -> [BundleManifest.File] {
        let folder = try TemporaryFolder()
        return try manifest.files.map { listed in
            try folder.write(listed.name, try #require(files[listed.name]))
            var file = try BundleManifest.File(
                describing: listed.name,
                in: DiskFolder(folder.path),
                lines: nil
            )
            // A row may have line breaks in it.
            if listed.name.hasPrefix("events.csv") { file.lines = listed.lines }
            return file
        }
    }

    /// Makes the manifest name the files as they are now.
    mutating func resum(
        signedBy signer: NoteSigner,
        _ change: (inout BundleManifest) throws -> Void = { _ in }
    ) throws {
        var manifest = try manifest
        manifest.files = try sums(manifest)
        try edit(signedBy: signer) {
            $0.files = manifest.files
            try change(&$0)
        }
    }

    /// The lines of a file, without their ends.
    func lines(_ name: String) throws -> [[UInt8]] {
        try #require(files[name]).split(separator: 0x0A, omittingEmptySubsequences: false)
            .dropLast().map(Array.init)
    }

    /// Replaces the lines of a file.
    mutating func edit(_ name: String, _ change: (inout [[UInt8]]) throws -> Void) throws {
        var lines = try lines(name)
        try change(&lines)
        files[name] = lines.flatMap { $0 + [0x0A] }
    }

    /// Puts it into a folder.
    func write() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for (name, bytes) in files { try folder.write(name, bytes) }
        return folder
    }

    /// What our verification finds.
    func findings(
        keys: [VerifierKey],
        without checks: Set<BundleVerification.Check> = []
    ) throws -> [BundleReport.Finding] {
        let folder = try write()
        return try BundleVerification.run(
            folder: folder.path,
            keys: keys,
            checks: Set(BundleVerification.Check.allCases).subtracting(checks)
        ).findings
    }
}
