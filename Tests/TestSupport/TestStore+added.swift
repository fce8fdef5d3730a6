import Ledger
import LedgerStore
import Postgres
import Vault

extension TestStore {
    /// Adds pairs of logs, and lends a store that knows them; this one is of no use from then on.
    ///
    /// They stand in the database that there is, or beside it in a further one.
    package func added<Value: Sendable>(
        pairs: Int,
        inFurtherDatabase: Bool = false,
        _ body: (TestStore) async throws -> Value
    ) async throws -> Value {
        store.pools.close()
        let maps =
            inFurtherDatabase
            ? try await furtherDatabase(pairs: store.logs.pairs..<pairs) : (owners, store.pools.map)
        try await withoutService {
            let logs = try await Migrator.logs(pairs: pairs, on: maps.0)
            try await Migrator.makeLogs(logs, on: maps.0)
        }
        try await AppCopies.write(on: maps.0)
        return try await Self.opened(maps.1, RootKeys(rootKey)) { store in
            guard let app = try await store.app(clientID: app.clientID) else {
                throw StoreError.defect
            }
            return try await body(
                TestStore(
                    store: store,
                    rootKey: rootKey,
                    app: app,
                    owner: owner,
                    owners: maps.0,
                    service: service
                )
            )
        }
    }

    /// Repeats what is refused while a session of the service is there: one that was closed is seen for a moment.
    private func withoutService(_ body: () async throws -> Void) async throws {
        while true {
            do {
                return try await body()
            } catch StoreOpeningError.serviceConnected {
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    private func furtherDatabase(
        pairs: Range<Int>
    ) async throws -> (owners: DatabaseMap, services: DatabaseMap) {
        let added = try await Self.databases(parts: [pairs])
        let first = { (database: PostgresConfiguration) throws in
            try DatabaseMap.Part(first: 0, last: pairs.lowerBound - 1, database: database)
        }
        let maps = (
            try DatabaseMap([first(owner)] + added.owners),
            try DatabaseMap([first(service)] + added.services)
        )
        _ = try await Migrator.makeKeys(RootKeys(rootKey), on: maps.0)
        return maps
    }
}
