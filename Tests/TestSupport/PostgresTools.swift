import Foundation
import Glibc
import PostgresCluster
import Subprocess
import Wire

/// PostgreSQL's own programs, for tests that compare us with them.
package enum PostgresTools {
    /// A program that did not end well.
    package struct Failure: Error, CustomStringConvertible {
        /// What it wrote to its standard error.
        package let message: String
        package var description: String { message }
    }

    private static let outputBytesMax = 16 << 20

    /// Runs a script with psql, which stops at the first error.
    package static func psql(_ url: String, script: String) async throws {
        _ = try await run(
            "psql",
            ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url],
            input: script
        )
    }

    /// The schema of a database as SQL, without comments and without what differs by run.
    package static func schema(_ url: String) async throws -> String {
        let text = try await run(
            "pg_dump",
            ["--schema-only", "--no-comments", "-d", url],
            input: ""
        )
        // Newer releases frame the dump with a random word.
        return text.split(separator: "\n").filter {
            !$0.hasPrefix("--") && !$0.hasPrefix("\\restrict") && !$0.hasPrefix("\\unrestrict")
        }.joined(separator: "\n")
    }

    /// The data of a database as SQL, for comparing before and after.
    package static func data(_ url: String) async throws -> String {
        let text = try await run("pg_dump", ["--data-only", "-d", url], input: "")
        return text.split(separator: "\n").filter {
            !$0.hasPrefix("\\restrict") && !$0.hasPrefix("\\unrestrict")
        }.joined(separator: "\n")
    }

    /// Writes a database into a file, in the form that `restore` reads.
    package static func dump(_ url: String, to file: String) async throws {
        _ = try await run("pg_dump", ["--format", "custom", "--file", file, "-d", url], input: "")
    }

    /// Makes a database what a dump holds; the first error ends it.
    package static func restore(_ file: String, into url: String) async throws {
        _ = try await run("pg_restore", ["--exit-on-error", "-d", url, file], input: "")
    }

    /// The files under a folder that hold one of these texts, as they are or in the hexadecimal
    /// form in which PostgreSQL prints bytes.
    ///
    /// A server that runs may remove a file while it is looked for.
    package static func files(
        under folder: String,
        holding texts: [String]
    ) async throws -> [String] {
        let patterns = texts.flatMap { text in
            [text, Hexadecimal.encode(text.utf8)]
        }
        let result = try await Subprocess.run(
            .name("grep"),
            arguments: Arguments(
                ["-r", "-l", "-a", "-F", "-f", "-", "--", folder]
            ),
            environment: .inherit.updating(["LC_ALL": "C"]),
            // There may be more of them than fit into a command line.
            input: .string(patterns.map { $0 + "\n" }.joined()),
            output: .string(limit: outputBytesMax),
            error: .string(limit: outputBytesMax)
        )
        let found = result.standardOutput.split(separator: "\n").map(String.init)
        switch result.terminationStatus {
        case .exited(0), .exited(1): return found
        case .exited(2) where Self.isAboutRemovedFiles(result.standardError): return found
        default: throw Failure(message: result.standardError)
        }
    }

    private static func isAboutRemovedFiles(_ messages: String) -> Bool {
        !messages.isEmpty
            && messages.split(separator: "\n").allSatisfy {
                $0.hasSuffix(": No such file or directory")
            }
    }

    /// A copy of a running server's data, set up to follow it, which belongs to the server's user.
    static func baseBackup(of cluster: RunningCluster, to folder: String) async throws {
        _ = try await run(
            "pg_basebackup",
            [
                "-h", cluster.socketFolder, "-p", "\(cluster.port)", "-U",
                RunningCluster.superuser, "-D", folder, "-R", "-c", "fast", "--no-sync",
            ],
            input: ""
        )
        guard geteuid() == 0 else { return }
        let attributes = try FileManager.default.attributesOfItem(atPath: cluster.folder)
        let owner = "\(attributes[.ownerAccountID] ?? 0):\(attributes[.groupOwnerAccountID] ?? 0)"
        let parent = folder.split(separator: "/").dropLast().joined(separator: "/")
        _ = try await run("chown", ["-R", owner, "/\(parent)"], input: "")
    }

    /// Moves a folder to another disk, with its owner, and leaves a link to it.
    static func move(_ folder: String, to other: String) async throws {
        _ = try await run("mv", ["-T", "--", folder, other], input: "")
        try FileManager.default.createSymbolicLink(
            atPath: folder,
            withDestinationPath: other
        )
    }

    private static func run(
        _ name: String,
        _ arguments: [String],
        input: String
    ) async throws -> String {
        let result = try await Subprocess.run(
            .name(name),
            arguments: Arguments(arguments),
            environment: .inherit,
            input: .string(input),
            output: .string(limit: outputBytesMax),
            error: .string(limit: outputBytesMax)
        )
        guard result.terminationStatus.isSuccess else {
            throw Failure(message: result.standardError)
        }
        return result.standardOutput
    }
}
