internal import Ledger
package import Postgres
package import Vault

extension Vault {
    /// Whether the service wrote a stored event, as what it stands there.
    ///
    /// Reads the columns `record, mac, event_id, app_id, subject, subject_version` from one on; what
    /// cannot be read as its type was not written by the service.
    package func hasWritten(
        _ result: borrowing PostgresResult,
        _ row: Int,
        from column: Int,
        logID: Int32
    ) -> Bool {
        do {
            let place = RecordPlace(
                logID: logID,
                event: Identifier(value: try result.uuid(row, column + 2)),
                app: Identifier(value: try result.uuid(row, column + 3)),
                subject: try result.uuidOrNil(row, column + 4).map { Identifier(value: $0) },
                version: try result.int8OrNil(row, column + 5)
            )
            return isMAC(
                try result.bytesOrNil(row, column + 1),
                ofRecord: try result.bytes(row, column),
                at: place
            )
        } catch {
            return false
        }
    }
}
