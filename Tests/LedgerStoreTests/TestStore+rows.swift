import LedgerStore
import Postgres
import TestSupport

extension TestStore {
    /// Fills the log of facts up to a size with rows that are no real records, fast.
    ///
    /// All are of the type `launch.closed` but those at the given positions, which are
    /// `access_token.rotated`.
    func fill(upTo size: Int64, rare: [Int64] = [], padding: Int = 0) async throws {
        let connection = try await ownerConnection()
        try await connection.script(
            """
            insert into ledger.event (log_id, position, event_id, app_id, type, recorded_at, record)
            select 0, p, md5('fill' || p)::uuid, '\(app.id)',
                case when p = any ('{\(rare.map(String.init).joined(separator: ","))}'::bigint[])
                    then 'access_token.rotated' else 'launch.closed' end,
                now(), convert_to('{"filled":' || p || repeat(' ', \(padding)) || '}', 'UTF8')
            from generate_series((select size from ledger.log where log_id = 0), \(size) - 1) p;
            update ledger.log set size = \(size) where log_id = 0
            """
        )
        await connection.close()
    }
}
