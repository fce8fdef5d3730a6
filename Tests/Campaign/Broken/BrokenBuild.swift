internal import Foundation
internal import Subprocess
internal import SystemPackage

/// Builds broken variants in a copy of the project.
package struct BrokenBuild: Sendable {
    /// The project's root.
    package let root: String
    /// Where copy and build are kept; the next run builds only what differs.
    package let folder: String

    package init(root: String) {
        self.root = root
        folder = "\(root)/.build/broken"
    }

    private static let copied = ["Package.swift", "Package.resolved", "Sources", "Schema", "Tests"]
    private static let outputBytesMax = 1 << 20

    /// Builds a variant and gives the path of its program.
    package func make(_ variant: BrokenVariant) async throws -> String {
        let copy = "\(folder)/source"
        try synchronize(copy)
        for edit in variant.edits { try apply(edit, in: copy) }
        try await run([
            "swift", "build", "--product", "token-ledger", "--package-path", copy,
            "--scratch-path", "\(folder)/build",
        ])
        return "\(folder)/build/debug/token-ledger"
    }

    /// Brings the copy to what the project is; what has not changed is not written, so that it is
    /// not built again.
    private func synchronize(_ copy: String) throws {
        let files = FileManager.default
        try files.createDirectory(atPath: copy, withIntermediateDirectories: true)
        let wanted = Set(try Self.copied.flatMap { try Self.files(under: $0, in: root) })
        for file in wanted {
            let bytes = files.contents(atPath: "\(root)/\(file)")
            guard files.contents(atPath: "\(copy)/\(file)") != bytes else { continue }
            let folder = URL(fileURLWithPath: "\(copy)/\(file)").deletingLastPathComponent()
            try files.createDirectory(at: folder, withIntermediateDirectories: true)
            guard files.createFile(atPath: "\(copy)/\(file)", contents: bytes) else {
                throw CampaignError.variant(file: file, places: 0)
            }
        }
        for file in try Self.copied.flatMap({ try Self.files(under: $0, in: copy) })
        where !wanted.contains(file) {
            try files.removeItem(atPath: "\(copy)/\(file)")
        }
    }

    /// The files of a folder, or the file itself, from the root.
    private static func files(under name: String, in root: String) throws -> [String] {
        var isFolder: ObjCBool = false
        let path = "\(root)/\(name)"
        guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            return []
        }
        guard isFolder.boolValue else { return [name] }
        return try FileManager.default.subpathsOfDirectory(atPath: path).filter { below in
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(path)/\(below)")
            return attributes[.type] as? FileAttributeType == .typeRegular
        }.map { "\(name)/\($0)" }
    }

    /// Makes a change; throws `CampaignError` unless its place is there exactly once.
    private func apply(_ edit: BrokenVariant.Edit, in root: String) throws {
        let path = "\(root)/\(edit.file)"
        let parts = try String(contentsOfFile: path, encoding: .utf8)
            .components(separatedBy: edit.old)
        guard parts.count == 2 else {
            throw CampaignError.variant(file: edit.file, places: parts.count - 1)
        }
        try parts.joined(separator: edit.new).write(toFile: path, atomically: true, encoding: .utf8)
    }

    private func run(_ command: [String]) async throws {
        let result = try await Subprocess.run(
            .path("/usr/bin/env"),
            arguments: Arguments(command),
            output: .string(limit: Self.outputBytesMax),
            error: .combinedWithOutput
        )
        guard result.terminationStatus.isSuccess else {
            let output = String(result.standardOutput.suffix(4_000))
            throw CampaignError.command(command, output: output)
        }
    }
}
