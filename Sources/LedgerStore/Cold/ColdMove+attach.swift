internal import Ledger
internal import MerkleLog
internal import Postgres
internal import Vault

extension ColdMove {
    /// The stretch that can be put back next, which is the last one; the bundle must have its records, whichever
    /// one it is.
    ///
    /// Throws `ColdRefusal`.
    package func stretch(in bundle: ColdBundle) async throws -> ColdStretch {
        guard let stretch = try await history().cold.last else { throw ColdRefusal.nothingCold }
        guard bundle.positions.clamped(to: stretch.positions) == stretch.positions else {
            throw ColdRefusal.notInBundle(stretch.positions)
        }
        return stretch
    }

    /// Puts back those of some records that are not there, which stand from a position on.
    ///
    /// Each is compared with the signed tree first; then it gets its MAC anew, which shows that the service wrote
    /// it: no other row was ever removed. `apps` are all that there are.
    package func putBack(
        _ records: [[UInt8]],
        at position: Int64,
        _ apps: [StoredApp]
    ) async throws {
        try await compare(records, at: position)
        let known = Dictionary(uniqueKeysWithValues: apps.map { ($0.clientID, $0.id) })
        var rows = ColdRows(logID: log.id, position: position)
        for (index, bytes) in records.enumerated() {
            let place = position + Int64(index)
            guard let record = try? Record(decoding: bytes) else {
                throw ColdRefusal.otherRecord(position: place)
            }
            guard let app = known[record.clientID] else { throw ColdRefusal.noApp(position: place) }
            rows.add(record, bytes, app, store.vault)
        }
        try await begin()
        guard try await history().before >= position + Int64(records.count) else {
            throw ColdRefusal.changedMeanwhile
        }
        try await connection.execute(rows.statement)
        try await commit()
    }

    /// Notes that all records of a stretch are back; from then on they count as such.
    package func finish(_ stretch: ColdStretch) async throws {
        try await begin()
        guard try await history().cold.last == stretch else { throw ColdRefusal.changedMeanwhile }
        let rows = try await count(stretch.positions)
        guard rows == stretch.positions.count else {
            throw ColdRefusal.notWhole(rows: rows, of: Int64(stretch.positions.count))
        }
        try await connection.execute(
            Statement(
                "note_attached",
                "update ledger.cold set attached_at = now() where log_id = $1 and number = $2",
                .int4(log.id),
                .int4(stretch.number)
            )
        )
        try await commit()
    }
}

/// The columns of records that are put back together.
private struct ColdRows {
    let logID: Int32
    let position: Int64
    private var ids: [UInt128?] = []
    private var apps: [UInt128?] = []
    private var subjects: [UInt128?] = []
    private var versions: [Int64?] = []
    private var types: [String?] = []
    private var times: [Int64?] = []
    private var records: [[UInt8]?] = []
    private var macs: [[UInt8]?] = []

    init(logID: Int32, position: Int64) {
        (self.logID, self.position) = (logID, position)
    }

    mutating func add(_ record: Record, _ bytes: [UInt8], _ app: Identifier, _ vault: Vault) {
        let place = RecordPlace(
            logID: logID,
            event: record.id,
            app: app,
            subject: record.subject,
            version: record.subjectVersion
        )
        ids.append(record.id.value)
        apps.append(app.value)
        subjects.append(record.subject?.value)
        versions.append(record.subjectVersion)
        types.append("\(record.event.type)")
        times.append(record.time.microseconds)
        records.append(bytes)
        macs.append(vault.mac(ofRecord: bytes, at: place))
    }

    var statement: Statement {
        Statement(
            "put_back",
            """
            insert into ledger.event
                (log_id, position, event_id, app_id, subject, subject_version, type, recorded_at, record,
                    mac)
            select $1, $2 + e.number - 1, e.id, e.app, e.subject, e.version, e.type, e.time, e.record, e.mac
            from unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::bigint[], $7::text[], $8::timestamptz[],
                    $9::bytea[], $10::bytea[])
                with ordinality as e (id, app, subject, version, type, time, record, mac, number)
            on conflict (log_id, position) do nothing
            """,
            .int4(logID),
            .int8(position),
            .uuidArray(ids),
            .uuidArray(apps),
            .uuidArray(subjects),
            .int8Array(versions),
            .textArray(types),
            .timestamptzArray(times),
            .byteaArray(records),
            .byteaArray(macs)
        )
    }
}
