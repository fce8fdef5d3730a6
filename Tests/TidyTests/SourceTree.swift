import Foundation

/// The project as it lies on the disk around this file.
struct SourceTree {
    /// Paths from the top, of what is neither hidden nor made by a build or a user.
    let paths: [String]
    /// The folder that holds it all.
    let top: String

    init() throws {
        // Tests/TidyTests and this file's own name end its path.
        top = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
            .joined(separator: "/")
        var paths: [String] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: top).sorted()
        where !name.hasPrefix(".") && !Self.made.contains(name) {
            paths += try Self.files(below: name, in: top)
        }
        self.paths = paths
    }

    /// What git ignores at the top: the resolved versions, and the secrets of docker-compose.yml.
    private static let made: Set = ["Package.resolved", "secrets"]

    func text(of path: String) throws -> String {
        try String(contentsOfFile: "\(top)/\(path)", encoding: .utf8)
    }

    /// The files that are written by hand, read and told apart once for all tests.
    static let sourceFiles = Result { try SourceTree().sourceFiles() }

    private func sourceFiles() throws -> [SourceFile] {
        let kinds = [".swift", ".sql", ".md", ".yaml", ".yml", ".js", ".html", ".mustache", ".h"]
        let names: Set = ["Makefile", "Dockerfile"]
        return try paths.filter { path in
            names.contains(path) || kinds.contains { path.hasSuffix($0) }
        }.map { SourceFile($0, try text(of: $0)) }
    }

    private static func files(below path: String, in top: String) throws -> [String] {
        let full = "\(top)/\(path)"
        let attributes = try FileManager.default.attributesOfItem(atPath: full)
        // What a link leads to is read where it is.
        guard attributes[.type] as? FileAttributeType != .typeSymbolicLink else { return [] }
        guard attributes[.type] as? FileAttributeType == .typeDirectory else { return [path] }
        return try FileManager.default.contentsOfDirectory(atPath: full).sorted()
            .filter { !$0.hasPrefix(".") }
            .flatMap { try files(below: "\(path)/\($0)", in: top) }
    }
}
