import LedgerStack
import LedgerStore
import Postgres

extension Doctor {
    /// From when on the clocks of service and database are told apart, and from when on launches and
    /// API keys end notably early or late.
    private static let clockWarning: Duration = .seconds(5)
    private static let clockBlocking: Duration = .seconds(60)

    /// Of each database the server, the role's rights and the schema; gives pools if all answer.
    func databaseChecks(
        _ databases: Result<DatabaseMap, DoctorFinding>,
        _ settings: Settings
    ) async -> ([DoctorCheck], LogPools?) {
        switch databases {
        case .failure(let finding):
            var check = DoctorCheck("database")
            check.find(finding)
            return ([check], nil)
        case .success(let databases):
            let pools = LogPools(databases.map(\.forCommands), logger: logger)
            var (checks, isWhole) = ([DoctorCheck](), true)
            for (part, pool) in zip(databases.parts, pools.pools) {
                let name = databases.saysPairs ? "database of \(part.name)" : "database"
                var check = DoctorCheck(name)
                do {
                    let needed = LedgerService.connectionsMax(part.database)
                    Self.judge(try await ServerFacts.read(pool), needed, &check)
                    await look(at: pool, settings, &check)
                } catch {
                    isWhole = false
                    check.find(await Self.unavailable(error, part.database))
                }
                checks.append(check)
            }
            guard isWhole else {
                pools.close()
                return (checks, nil)
            }
            await compareApps(pools, &checks[0])
            return (checks, pools)
        }
    }

    /// Whether all databases know the same apps.
    private func compareApps(_ pools: LogPools, _ check: inout DoctorCheck) async {
        do {
            for name in try await AppCopies.differing(pools) {
                check.find(
                    DoctorFinding(
                        "app_copies_differ",
                        .blocking,
                        "The database of \(name) does not know the apps as they are: how long values "
                            + "are kept there, and whether users can have problems, may be wrong.",
                        nextStep: "Run token-ledger migrate with the map of the owner's databases."
                    )
                )
            }
        } catch {
            check.miss("whether all databases know the same apps (\(error))")
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

    /// Each database's clock beside ours.
    func clockCheck(_ pools: LogPools?) async -> DoctorCheck {
        guard let pools else {
            return DoctorCheck("clock", gap: "the database cannot be asked")
        }
        var check = DoctorCheck("clock")
        for (part, pool) in zip(pools.map.parts, pools.pools) {
            await look(atClockOf: pool, pools.map.saysPairs ? " of \(part.name)" : "", &check)
        }
        return check
    }

    private func look(
        atClockOf pool: PostgresPool,
        _ name: String,
        _ check: inout DoctorCheck
    ) async {
        do {
            let clock = try await ClockComparison.read(pool)
            let words = "\(Self.seconds(clock.ahead)) s, ± \(Self.seconds(clock.uncertainty)) s"
            check.note("database\(name) ahead by", words)
            let apart = max(clock.ahead, .zero - clock.ahead) - clock.uncertainty
            guard apart > Self.clockWarning else { return }
            check.find(
                DoctorFinding(
                    "clocks_differ",
                    apart > Self.clockBlocking ? .blocking : .warning,
                    "The clock of the database\(name) is ahead of this machine's by \(words): launches, API keys "
                        + "and the grace of replaced tokens end early or late.",
                    nextStep: "Set both clocks by NTP, and see which of them is wrong."
                )
            )
        } catch {
            check.miss("the database\(name) was not asked (\(error))")
        }
    }

    /// With three digits after the point.
    private static func seconds(_ duration: Duration) -> String {
        let milliseconds = Int64(duration / .milliseconds(1))
        let digits = "\(1_000 + abs(milliseconds) % 1_000)".dropFirst()
        return "\(milliseconds < 0 ? "-" : "")\(abs(milliseconds) / 1_000).\(digits)"
    }
}
