internal import Foundation
internal import Glibc

/// A folder for one program's data, with a way to see who works in it.
package struct TestProgramFolder: Sendable {
    /// Absolute.
    package let path: String

    /// PostgreSQL may need a moment to end after its program was killed, on a busy machine more.
    package static let quietTimeMax = Duration.seconds(30)
    private static let pollInterval = Duration.milliseconds(50)

    /// Lends a new folder and removes it afterwards.
    ///
    /// Throws `TestProgramError.left` when a process still works in it by then.
    package static func lend<Value: Sendable>(
        _ body: (TestProgramFolder) async throws -> Value
    ) async throws -> Value {
        let folder = try make()
        defer { try? FileManager.default.removeItem(atPath: folder.path) }
        let value = try await body(folder)
        try await folder.waitUntilQuiet()
        return value
    }

    /// The user that runs the database must be able to pass through.
    private static func make() throws -> TestProgramFolder {
        let path = try newTemporaryFolder()
        try FileManager.default.setAttributes([.posixPermissions: 0o711], ofItemAtPath: path)
        return TestProgramFolder(path: path)
    }

    /// The processes that work below the folder or name it in their command line, by name.
    package func processes() -> [String] {
        let numbers = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return numbers.filter { $0.allSatisfy(\.isNumber) }.compactMap { number in
            let process = "/proc/\(number)"
            let works = try? FileManager.default.destinationOfSymbolicLink(atPath: process + "/cwd")
            guard works?.hasPrefix(path) == true || text(process + "/cmdline").contains(path) else {
                return nil
            }
            return text(process + "/comm").trimmingCharacters(in: .newlines)
        }
    }

    /// Waits until no process works in the folder any more.
    package func waitUntilQuiet() async throws {
        let start = ContinuousClock.now
        while case let left = processes(), !left.isEmpty {
            guard ContinuousClock.now - start < Self.quietTimeMax else {
                throw TestProgramError.left(left)
            }
            try await Task.sleep(for: Self.pollInterval)
        }
    }

    /// The text of a file; empty when there is none (any more).
    func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
}
