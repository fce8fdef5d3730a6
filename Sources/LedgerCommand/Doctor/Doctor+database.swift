import LedgerStack
import LedgerStore
import Postgres

extension Doctor {
    /// From when on the clocks of service and database are told apart, and from when on launches and
    /// API keys end notably early or late.
    private static let clockWarning: Duration = .seconds(5)
    private static let clockBlocking: Duration = .seconds(60)

    /// The server, the role's rights and the schema; gives a pool if the database answers.
    func databaseCheck(
        _ database: Result<PostgresConfiguration, DoctorFinding>,
        _ settings: Settings
    ) async -> (DoctorCheck, PostgresPool?) {
        var check = DoctorCheck("database")
        switch database {
        case .failure(let finding):
            check.find(finding)
            return (check, nil)
        case .success(let database):
            let pool = PostgresPool(configuration: database, logger: logger)
            do {
                let needed = LedgerService.connectionsMax(database)
                Self.judge(try await ServerFacts.read(pool), needed, &check)
            } catch {
                pool.close()
                check.find(await Self.unavailable(error, database))
                return (check, nil)
            }
            await look(at: pool, settings, &check)
            return (check, pool)
        }
    }

    /// What the server is, and the room that it leaves.
    private static func judge(
        _ facts: ServerFacts,
        _ connectionsNeeded: Int,
        _ check: inout DoctorCheck
    ) {
        note(facts, &check)
        if facts.connectionsLeft < Int64(connectionsNeeded) {
            check.find(
                DoctorFinding(
                    "connections_scarce",
                    .warning,
                    "The server lets the service's role make \(facts.connectionsLeft) more "
                        + "connections; one copy of the service makes \(connectionsNeeded).",
                    nextStep: "Raise max_connections, or the connection limit of the role or the "
                        + "database, unless the copies of the service are connected already."
                )
            )
        }
        if !facts.parameterLogging.isEmpty {
            check.find(
                DoctorFinding(
                    "parameters_logged",
                    .warning,
                    "The server may write parameters of statements into its log ("
                        + "\(facts.parameterLogging.joined(separator: ", "))): among them is the "
                        + "secret with which the service appends.",
                    nextStep: "Set log_parameter_max_length = 0, at least for the service's role."
                )
            )
        }
    }

    /// The schema, and what `/readyz` tells of the server.
    private func look(
        at pool: PostgresPool,
        _ settings: Settings,
        _ check: inout DoctorCheck
    ) async {
        let accepts = (try? settings.flag(.acceptUnsafeServer)) ?? false
        var hasSchema = true
        do {
            try await SchemaCheck.run(pool)
        } catch {
            hasSchema = false
            check.find(DoctorFinding(error))
        }
        do {
            let conditions = try await Readiness.serverConditions(pool)
            for condition in conditions where hasSchema || !Self.needsSchema(condition) {
                check.find(DoctorFinding(condition, acceptsUnsafeServer: accepts))
            }
        } catch {
            check.miss("the server's settings, rights and triggers (\(error))")
        }
    }

    /// Whether a condition is about tables and functions, which another schema has other ones of.
    private static func needsSchema(_ condition: ReadinessCondition) -> Bool {
        switch condition {
        case .triggersLost, .rightsMissing, .tooManyRights: true
        default: false
        }
    }

    private static func note(_ facts: ServerFacts, _ check: inout DoctorCheck) {
        check.note("server", "PostgreSQL \(facts.version)")
        check.note("database", facts.database)
        check.note("role", facts.role)
        check.note("member of", facts.memberships.joined(separator: ", "))
        if !facts.roleSettings.isEmpty {
            check.note("settings of the role", facts.roleSettings.joined(separator: ", "))
        }
        check.note("TLS", facts.tls ?? "no")
        check.note(
            "migration",
            "\(facts.migration.map(String.init) ?? "none") of \(SchemaCheck.known)"
        )
        check.note("connections left", "\(facts.connectionsLeft) of \(facts.connectionsMax)")
        check.note("temp_file_limit", facts.temporaryFilesMax ?? "none")
    }

    private static func unavailable(
        _ error: StoreError,
        _ database: PostgresConfiguration
    ) async -> DoctorFinding {
        let failure = await ConnectionFailure.diagnose(database)
        return DoctorFinding(
            ReadinessCondition.databaseUnavailable.code,
            .blocking,
            "The database cannot be asked: \(failure.map { "\($0)" } ?? "\(error)").",
            nextStep: ReadinessCondition.databaseUnavailable.nextStep
        )
    }

    /// The database's clock beside ours.
    func clockCheck(_ pool: PostgresPool?) async -> DoctorCheck {
        guard let pool else {
            return DoctorCheck("clock", gap: "the database cannot be asked")
        }
        var check = DoctorCheck("clock")
        do {
            let clock = try await ClockComparison.read(pool)
            let words = "\(Self.seconds(clock.ahead)) s, ± \(Self.seconds(clock.uncertainty)) s"
            check.note("database ahead by", words)
            let apart = max(clock.ahead, .zero - clock.ahead) - clock.uncertainty
            guard apart > Self.clockWarning else { return check }
            check.find(
                DoctorFinding(
                    "clocks_differ",
                    apart > Self.clockBlocking ? .blocking : .warning,
                    "The database's clock is ahead of this machine's by \(words): launches, API keys "
                        + "and the grace of replaced tokens end early or late.",
                    nextStep: "Set both clocks by NTP, and see which of them is wrong."
                )
            )
        } catch {
            check.miss("the database was not asked (\(error))")
        }
        return check
    }

    /// With three digits after the point.
    private static func seconds(_ duration: Duration) -> String {
        let milliseconds = Int64(duration / .milliseconds(1))
        let digits = "\(1_000 + abs(milliseconds) % 1_000)".dropFirst()
        return "\(milliseconds < 0 ? "-" : "")\(abs(milliseconds) / 1_000).\(digits)"
    }
}
