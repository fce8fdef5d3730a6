import Foundation
import Subprocess
import SystemPackage

/// Where PostgreSQL's programs are.
package struct ServerPrograms: Sendable {
    /// The folder that holds them.
    package let folder: String

    var initdb: FilePath { FilePath(folder).appending("initdb") }
    var postgres: FilePath { FilePath(folder).appending("postgres") }

    /// Debian keeps the server's programs apart from `PATH`, in a folder for each version.
    private static let versionsFolder = "/usr/lib/postgresql"
    private static let answerBytesMax = 4096

    /// Finds the programs, those of a version first if data of that version exists.
    ///
    /// Throws `ClusterError.notInstalled`.
    package static func find(version: String?) async throws(ClusterError) -> ServerPrograms {
        if let version, let programs = ServerPrograms("\(versionsFolder)/\(version)/bin") {
            return programs
        }
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        for folder in path.split(separator: ":") {
            if let programs = ServerPrograms(String(folder)) { return programs }
        }
        if let folder = await folderByTool(), let programs = ServerPrograms(folder) {
            return programs
        }
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: versionsFolder)) ?? []
        for version in versions.compactMap(Int.init).sorted(by: >) {
            if let programs = ServerPrograms("\(versionsFolder)/\(version)/bin") {
                return programs
            }
        }
        throw .notInstalled
    }

    /// Takes a folder that holds both programs.
    private init?(_ folder: String) {
        self.folder = folder
        for program in [initdb, postgres] {
            guard FileManager.default.isExecutableFile(atPath: program.string) else { return nil }
        }
    }

    /// What `pg_config` says, if it is there.
    private static func folderByTool() async -> String? {
        let result = try? await Subprocess.run(
            .name("pg_config"),
            arguments: ["--bindir"],
            output: .string(limit: answerBytesMax)
        )
        return result?.standardOutput.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
