internal import Foundation

/// Where a program of PostgreSQL is.
enum PostgresProgram {
    /// The program's path: where Debian keeps it, or on the PATH.
    static func path(_ name: String) throws(BenchError) -> String {
        let versions = "/usr/lib/postgresql"
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let debian = ((try? FileManager.default.contentsOfDirectory(atPath: versions)) ?? [])
            .compactMap(Int.init).sorted(by: >).map { "\(versions)/\($0)/bin" }
        let folders = debian + path.split(separator: ":").map(String.init)
        for folder in folders
        where FileManager.default.isExecutableFile(atPath: "\(folder)/\(name)") {
            return "\(folder)/\(name)"
        }
        throw .notInstalled(name)
    }
}
