import LedgerStore
import Logging
import Postgres

/// Looks at what `serve` depends on, one thing after the other, and changes none of it.
///
/// What stands in the way of one check is a finding there and a gap in those that need it
/// (docs/decisions/0051-doctor-only-looks.md).
struct Doctor {
    let options: ServeOptions
    let logger: Logger

    /// Whose sessions are the doctor's, in `pg_stat_activity`.
    private static let applicationName = "token-ledger doctor"

    init(_ options: ServeOptions, logger: Logger) {
        self.options = options
        self.logger = logger
    }

    /// All checks, in the order of dependence.
    func examine() async -> [DoctorCheck] {
        let (settings, flaws) = await Settings.read(flags: options.flags)
        let (databaseChecks, pools) = await databaseChecks(await databases(settings), settings)
        defer { pools?.close() }
        let (rootKeyCheck, store) = await rootKeyCheck(settings, pools)
        let checks: [DoctorCheck?] =
            [settingsCheck(settings, flaws)] + databaseChecks + (await nodeChecks(pools)) + [
                await clockCheck(pools), rootKeyCheck,
                await apiKeyCheck(store, settings), await checkpointCheck(store, settings),
                await witnessCheck(store, settings), await providerCheck(store),
                await tracesCheck(),
                await folderCheck(store, settings),
            ]
        return checks.compactMap { $0 }
    }

    private func databases(
        _ settings: Settings
    ) async -> Result<DatabaseMap, DoctorFinding> {
        do {
            let databases = try await options.service.databases(settings)
            return .success(databases.named(Self.applicationName))
        } catch {
            return .failure(
                DoctorFinding(
                    "database_setting_unusable",
                    .blocking,
                    Self.sentence(error),
                    nextStep: "Correct the setting: docs/operator.md, \"Settings\"."
                )
            )
        }
    }

    /// What was thrown, as a sentence.
    static func sentence(_ error: any Error) -> String {
        let text = "\(error)"
        let sentence = text.prefix(1).uppercased() + text.dropFirst()
        return sentence.hasSuffix(".") ? sentence : sentence + "."
    }
}
