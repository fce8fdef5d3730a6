package import Ledger
internal import Postgres
internal import Vault

/// What one root key wraps.
package struct RootKeyUse: Sendable, Equatable {
    /// What the process can do with it.
    package enum Role: String, Sendable {
        /// It wraps what is new.
        case current
        /// It only opens.
        case other
        /// This process does not have it: what it wraps is lost to it.
        case missing
    }

    package let id: String
    package let role: Role
    /// Keys of users.
    package let users: Int64
    /// Keys of apps.
    package let apps: Int64
    /// The deployment's own keys.
    package let masterKeys: Int64
    /// Since when it wraps the deployment's own keys; nil where it wraps none of them.
    package let since: Timestamp?
    /// When it was replaced by another one; nothing new is wrapped with it since then.
    package let retiredAt: Timestamp?

    /// How many keys of any kind it wraps.
    package var keys: Int64 { users + apps + masterKeys }
}

extension LedgerStore {
    /// Every root key that wraps something, or that this process has; the current one first.
    ///
    /// Reads every user's row, so it takes a while where there are many. Needs the rights of the
    /// schema's owner.
    package func rootKeyUses(
        owner: DatabaseMap
    ) async throws(StoreError) -> [RootKeyUse] {
        try await RootKeyUse.all(
            owner.map(\.withLongLimits),
            current: vault.rootKeyID,
            other: vault.otherRootKeyID
        )
    }
}

extension RootKeyUse {
    /// The same by the ids of the process's root keys, which need not open anything.
    ///
    /// The service's role may ask too. Reads every user's row, within the limits of the configuration.
    package static func all(
        _ databases: DatabaseMap,
        current: String,
        other: String?
    ) async throws(StoreError) -> [RootKeyUse] {
        var uses: [String: RootKeyUse] = [:]
        for part in databases.parts {
            do {
                let connection = try await PostgresConnection.connect(part.database)
                // Closed with its last reference where this fails.
                let found = try await read(connection, current: current, other: other)
                await connection.close()
                for use in found { uses[use.id] = uses[use.id]?.adding(use) ?? use }
            } catch {
                throw StoreError(error)
            }
        }
        return uses.values.sorted {
            ($0.role == .current ? 0 : 1, $0.id) < ($1.role == .current ? 0 : 1, $1.id)
        }
    }

    /// What the same root key wraps in two databases.
    private func adding(_ other: RootKeyUse) -> RootKeyUse {
        RootKeyUse(
            id: id,
            role: role,
            users: users + other.users,
            apps: apps + other.apps,
            masterKeys: masterKeys + other.masterKeys,
            since: [since, other.since].compactMap(\.self).max(),
            retiredAt: [retiredAt, other.retiredAt].compactMap(\.self).max()
        )
    }

    private static func read(
        _ connection: PostgresConnection,
        current: String,
        other: String?
    ) async throws(PostgresError) -> [RootKeyUse] {
        var uses = try await connection.rows(statement) { result, row throws(PostgresError) in
            let id = try result.text(row, 0)
            return RootKeyUse(
                id: id,
                role: id == current ? .current : id == other ? .other : .missing,
                users: try result.int8(row, 1),
                apps: try result.int8(row, 2),
                masterKeys: try result.int8(row, 3),
                since: try time(result, row, 4),
                retiredAt: try time(result, row, 5)
            )
        }
        for id in [current, other].compactMap({ $0 }) where !uses.contains(where: { $0.id == id }) {
            uses.append(
                RootKeyUse(
                    id: id,
                    role: id == current ? .current : .other,
                    users: 0,
                    apps: 0,
                    masterKeys: 0,
                    since: nil,
                    retiredAt: try await retired(id, connection)
                )
            )
        }
        return uses
    }

    private static func retired(
        _ id: String,
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> Timestamp? {
        try await connection.rows(
            Statement(
                "retired_root_key",
                "select retired_at from vault.retired_root_key where root_key_id = $1",
                .text(id)
            )
        ) { result, row throws(PostgresError) in try time(result, row, 0) }.first ?? nil
    }

    private static func time(
        _ result: borrowing PostgresResult,
        _ row: Int,
        _ column: Int
    ) throws(PostgresError) -> Timestamp? {
        try result.timestamptzOrNil(row, column).map { Timestamp(microseconds: $0) }
    }

    private static let statement = Statement(
        "root_keys",
        """
        select u.root_key_id, sum(u.users)::bigint, sum(u.apps)::bigint, sum(u.master)::bigint,
            max(u.since), (
                select r.retired_at from vault.retired_root_key r
                where r.root_key_id = u.root_key_id)
        from (
            select root_key_id, count(*) as users, 0 as apps, 0 as master,
                null::timestamptz as since
            from vault.user_state where wrapped_key is not null group by root_key_id
            union all
            select root_key_id, 0, count(*), 0, null from vault.data_key group by root_key_id
            union all
            select root_key_id, 0, 0, count(*), max(wrapped_at)
            from vault.master_key group by root_key_id
        ) as u
        group by u.root_key_id
        """
    )
}
