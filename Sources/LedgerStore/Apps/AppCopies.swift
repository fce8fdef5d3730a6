internal import Ledger
internal import Postgres

/// The apps as the databases know them that have only users: copies of those of the first one.
///
/// They say what becomes of values, and to which apps users belong
/// (docs/decisions/0067-k-logs-of-facts.md#a-map-from-log-to-connection-string).
package enum AppCopies {
    /// Writes every app of the first database into the others, with the owner's rights; it may be repeated.
    package static func write(on owner: DatabaseMap) async throws(StoreOpeningError) {
        guard owner.parts.count > 1 else { return }
        do throws(PostgresError) {
            let source = try await PostgresConnection.connect(owner.first.withLongLimits)
            let apps = try await source.rows(all, text)
            await source.close()
            try await write(apps.map { .text($0) }, on: owner)
        } catch {
            throw error.sqlState == .insufficientPrivilege ? .notTheOwner : .opening(error)
        }
    }

    /// Writes some, each as a row of `ledger.app`, into all databases but the first.
    static func write(
        _ apps: [PostgresParameter],
        on owner: DatabaseMap
    ) async throws(PostgresError) {
        for part in owner.parts.dropFirst() {
            let target = try await PostgresConnection.connect(part.database.withLongLimits)
            for app in apps { try await target.execute(write(app)) }
            await target.close()
        }
    }

    /// The names of the databases whose copies are others than the first database's apps.
    ///
    /// The service's role may ask.
    package static func differing(_ pools: LogPools) async throws(StoreError) -> [String] {
        guard pools.pools.count > 1 else { return [] }
        do throws(PostgresError) {
            let apps = try await pools.administration.rows(all, text)
            var names: [String] = []
            for (part, pool) in zip(pools.map.parts, pools.pools).dropFirst()
            where try await pool.rows(all, text) != apps {
                names.append(part.name)
            }
            return names
        } catch {
            throw StoreError(error)
        }
    }

    /// Writes one, as a row of `ledger.app`.
    ///
    /// One that was not added in the end may have left its `clientId` there, under another id.
    private static func write(_ app: PostgresParameter) -> Statement {
        Statement(
            "copy_app",
            """
            insert into ledger.app select ($1::ledger.app).*
            on conflict (client_id) do update set
                app_id = excluded.app_id,
                connect_url = excluded.connect_url,
                user_url = excluded.user_url,
                api_url = excluded.api_url,
                allowed_origins = excluded.allowed_origins,
                client_secret_version = excluded.client_secret_version,
                app_key_version = excluded.app_key_version,
                policies = excluded.policies,
                superseded_grace_seconds = excluded.superseded_grace_seconds,
                access_log = excluded.access_log
            """,
            app
        )
    }

    private static var all: Statement {
        Statement("all_apps", "select a::text from ledger.app a order by a.client_id collate \"C\"")
    }

    private static let text: RowDecoder<String> = { result, row throws(PostgresError) in
        try result.text(row, 0)
    }
}
