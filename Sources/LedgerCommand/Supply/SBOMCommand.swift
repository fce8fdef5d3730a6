import ArgumentParser
import LedgerExport
import LedgerStore
import Postgres

/// `token-ledger sbom`: what this program is made of.
struct SBOMCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sbom",
        abstract: "Print what this program is made of, as CycloneDX 1.6 (JSON).",
        discussion: """
            The packages are those that the build resolved, also such as only tests use. libpq and \
            zlib are those found on this machine. Where a database is named \
            (TOKEN_LEDGER_DATABASE_URL or …_FILE), its server is asked for its version.
            """
    )

    @Option(name: .customLong("config-file"), help: "A JSON file with settings.")
    var configFile: String?

    func run() async throws {
        let settings = try await Settings.load(flags: [.configFile: configFile])
        var components = try ResolvedPackage.all.map(\.component)
        components += [
            .system("libpq", version: LibPQ.version), .system("zlib", version: GzipLibrary.version),
            .system("postgresql", version: try await serverVersion(settings)),
        ]
        Terminal.result(SoftwareBill(components: components).json)
    }

    /// What the database's server says that it is; nil when no database is named.
    private func serverVersion(_ settings: Settings) async throws -> String? {
        guard try settings.secret(.databaseURL) != nil || settings.secret(.databaseMap) != nil
        else { return nil }
        let databases = try await ServiceDatabaseOptions.databases(settings)
        return try await DatabaseFailure.explaining(databases) {
            let connection = try await PostgresConnection.connect(databases.first)
            let version = await connection.serverVersion
            await connection.close()
            return version
        }
    }
}
