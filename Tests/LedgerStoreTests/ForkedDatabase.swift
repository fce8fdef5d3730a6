import Foundation
import LedgerStore
import Postgres
import TestSupport

/// A copy of a test's database, as a backup or a machine that was cloned would be.
struct ForkedDatabase {
    /// The copy with the rights of the service.
    let service: PostgresConfiguration
    /// The same with all rights.
    let owner: PostgresConfiguration

    init(of test: TestStore) async throws {
        let copy = try await TestPostgres.freshDatabase(template: "test_store")
        let source = try await test.ownerConnection()
        let target = try await PostgresConnection.connect(PostgresConfiguration(url: copy.url))
        try await source.script(
            """
            create function pg_temp.rows() returns setof text language plpgsql as $$
            declare
                name text;
            begin
                for name in
                    select schemaname || '.' || tablename from pg_tables
                    where schemaname in ('ledger', 'vault')
                        and tablename not in ('migration', 'log', 'publisher', 'problem_progress')
                loop
                    return query execute format(
                        $q$ select format('insert into %%1$s select (%%2$L::%%1$s).*', '%1$s', t::text)
                        from %1$s t $q$,
                        name
                    );
                end loop;
                return query
                    select format('update ledger.log set size = %s where log_id = %s', size, log_id)
                    from ledger.log;
                return query
                    select format('update ledger.problem_progress set next_position = %s', next_position)
                    from ledger.problem_progress;
            end
            $$
            """
        )
        let rows = try await source.query(
            Statement("test_copy", "select * from pg_temp.rows()")
        ) { result throws(PostgresError) in
            var rows = ["set session_replication_role = replica"]
            for row in 0..<result.rowCount { rows.append(try result.text(row, 0)) }
            return rows
        }
        try await target.script(rows.joined(separator: ";\n"))
        await source.close()
        await target.close()
        var service = PostgresConfiguration(
            url: try await TestPostgres.url(database: copy.name, user: TestStore.serviceRole)
        )
        service.waitMax = .seconds(60)
        service.lockTimeMax = .seconds(60)
        service.statementTimeMax = .seconds(60)
        self.service = service
        owner = PostgresConfiguration(url: copy.url)
    }
}
