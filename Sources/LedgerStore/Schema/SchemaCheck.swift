internal import LedgerSchema
package import Postgres
package import Vault

/// Why the store cannot be opened.
package enum StoreOpeningError: Error, CustomStringConvertible {
    /// The database cannot be asked.
    case database(PostgresError)
    /// A pooler in between lends sessions for single transactions or statements.
    case sharedSessions
    /// The database has no schema of ours.
    case notMigrated
    /// The database stands at an older migration than this program.
    case outdated(found: Int32, needed: Int32)
    /// The database stands at a newer migration than this program.
    case superseded(found: Int32, known: Int32)
    /// The logs are no whole pairs, each with its log of maps.
    case unsupportedLogs
    /// The database has so many pairs of logs, and keeps them.
    case logsFixed(pairs: Int)
    /// The databases of a deployment say different numbers of pairs.
    case additionUnfinished
    /// Pairs are not added while so many sessions of the service are connected.
    case serviceConnected(sessions: Int64)
    /// The database has these pairs of so many, which are not those that are asked of it; `isMapped` where a map
    /// names it.
    case otherPart(found: Range<Int>, of: Int, isMapped: Bool)
    /// A database of the map has the keys of another deployment.
    case otherDeployment(part: String)
    /// The database shall be distributed, and is none of a Citus cluster.
    case citusMissing
    /// The coordinator has not said who it is, or knows no worker.
    case citusWithoutWorkers
    /// The database shall be distributed, and holds events already.
    case citusTooLate
    /// The vault does not open.
    case vault(VaultError)
    /// The deployment has no keys of its own yet; only the owner makes them.
    case keysNotMade
    /// There are records, and none of the keys that they were made with.
    case recordsWithoutKeys
    /// A role that the schema is granted to is not there, and the owner may not make it.
    case roleMissing
    /// Another session keeps a table locked that a migration changes.
    case tablesLocked
    /// The role that looks may not: it is no member of `token_ledger_service`, nor the owner.
    case mayNotUse
    /// The role that migrates may not make what a migration makes.
    case mayNotMigrate
    /// The role is not the owner, and may not do what only the owner may.
    case notTheOwner
    /// The session works with another role than the one that it logged in with.
    case otherRole
    /// The owner may not make a role a member of `token_ledger_service`.
    case mayNotGrant(role: String)
    /// There is no such role.
    case noSuchRole(String)

    package var description: String {
        switch self {
        case .database(let error) where error.sqlState == .readOnly:
            "the database only reads: name the primary in the connection string"
        case .database(let error): "\(error)"
        case .sharedSessions:
            "a pooler (such as PgBouncer in transaction or statement mode) lends the sessions of the "
                + "database to several connections in turn: set pool_mode = session in PgBouncer "
                + "for this database and this role, or connect to PostgreSQL itself"
        case .notMigrated: "the database holds no ledger yet: run token-ledger migrate"
        case .outdated(let found, let needed):
            "the database stands at migration \(found), this program needs \(needed): "
                + "run token-ledger migrate"
        case .superseded(let found, let known):
            "the database stands at migration \(found), this program knows only \(known): "
                + "use a newer program"
        case .unsupportedLogs:
            "the database does not have a log of accesses and a log of maps for each log of facts: "
                + "it was restored in part, or somebody changed ledger.log"
        case .logsFixed(let pairs):
            "the database has \(pairs) logs of facts, and keeps them: further ones can be added to a database "
                + "that is not distributed, and none is ever taken away"
        case .additionUnfinished:
            "the databases of the map say different numbers of logs: run token-ledger migrate again with the map "
                + "of the owner"
        case .serviceConnected(let sessions):
            "\(sessions) session\(sessions == 1 ? "" : "s") of the service's role \(sessions == 1 ? "is" : "are") "
                + "connected: logs are added while no copy of the service runs, and no command that uses its role. "
                + "Stop them (a pooler keeps sessions, too), and start them again afterwards"
        case .otherPart(let found, let pairs, isMapped: false):
            "the database holds \(DatabaseMap.Part.name(of: found)) of \(pairs): name all databases of the "
                + "deployment in a map (TOKEN_LEDGER_DATABASE_MAP)"
        case .otherPart(let found, let pairs, isMapped: true):
            "a database of the map holds \(DatabaseMap.Part.name(of: found)) of \(pairs), which is not what "
                + "the map says"
        case .otherDeployment(let part):
            "the database of \(part) has the keys of another deployment than that of pair 0"
        case .citusMissing:
            "the database has no Citus: let an administrator put citus first in "
                + "shared_preload_libraries of every server, and run in the database of this name on "
                + "each: create extension citus"
        case .citusWithoutWorkers:
            "the coordinator knows no worker, or not its own name: let an administrator run here: "
                + "select citus_set_coordinator_host('HOST', 5432); and for each worker: "
                + "select citus_add_node('HOST', 5432)"
        case .citusTooLate:
            "the database holds events, and stays on its server: logs are spread over a cluster "
                + "before the first event"
        case .vault(let error): "\(error)"
        case .keysNotMade:
            "the deployment has no keys of its own yet: run token-ledger migrate with the root key "
                + "(TOKEN_LEDGER_ROOT_KEY_FILE), which makes them"
        case .recordsWithoutKeys:
            "the database holds records, but none of the keys that they were made with: it was made "
                + "by token-ledger replay, which has no values to serve, or its vault was lost"
        case .roleMissing:
            "the role token_ledger_service or token_ledger_auditor is missing, and the owner may not "
                + "make it; let an administrator run: create role token_ledger_service nologin; "
                + "create role token_ledger_auditor nologin"
        case .tablesLocked:
            "another program migrates the database, or a session keeps a table locked (select pid, "
                + "usename, xact_start from pg_stat_activity where xact_start is not null)"
        case .mayNotUse:
            "the role of the connection string may not use the ledger: make it a member of "
                + "token_ledger_service with token-ledger migrate --grant-to ROLE, or, as an "
                + "administrator, with grant token_ledger_service to ROLE"
        case .mayNotMigrate:
            "the role of the connection string may not make the schema: migrate needs the owner of "
                + "the database and of the schemas ledger and vault"
        case .notTheOwner:
            "the role of the connection string may not do this: it is not the owner of the schema"
        case .otherRole:
            "the session works with another role than the one that it logged in with, which would "
                + "hide what becomes of our sessions: remove the setting role from the role, the "
                + "database and the connection string"
        case .mayNotGrant(let role):
            "the owner may not make \(role) a member of token_ledger_service; let an administrator "
                + "run: grant token_ledger_service to \(role)"
        case .noSuchRole(let role): "there is no role \(role); let an administrator make it"
        }
    }
}

extension StoreOpeningError {
    /// Sorts what the first statements on a connection failed with.
    static func opening(_ error: PostgresError) -> StoreOpeningError {
        error.sqlState == .otherRole ? .otherRole : .database(error)
    }
}

/// Compares the database's schema with the one this program was made for.
package enum SchemaCheck {
    /// The migration this program was made for.
    package static var known: Int32 { Migration.all.last?.number ?? 0 }

    /// Throws unless the database stands exactly at `known`.
    package static func run(_ pool: PostgresPool) async throws(StoreOpeningError) {
        let found: Int32?
        do {
            found = try await pool.query(
                Statement("schema_version", "select max(number) from ledger.migration")
            ) { result throws(PostgresError) in
                try result.int4OrNil(0, 0)
            }
        } catch {
            switch error.sqlState {
            case .undefinedTable, .undefinedSchema: throw .notMigrated
            case .insufficientPrivilege: throw .mayNotUse
            default: throw .opening(error)
            }
        }
        guard let found else { throw .notMigrated }
        if found < known { throw .outdated(found: found, needed: known) }
        if found > known { throw .superseded(found: found, known: known) }
    }
}
