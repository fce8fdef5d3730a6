internal import Ledger
internal import LedgerStore
internal import MerkleLog
internal import Postgres
internal import StateMap
internal import Vault

/// A row of the log as read for checking.
///
/// What cannot be read as its type is nil.
struct VerificationRow: Sendable {
    var position: Int64
    var id: UInt128?
    var app: UInt128?
    var subject: UInt128?
    var version: Int64?
    var type: String?
    /// In microseconds since 1970.
    var time: Int64?
    var record: [UInt8]
    var mac: [UInt8]?

    init(_ result: borrowing PostgresResult, _ row: Int) throws(PostgresError) {
        position = try result.int8(row, 0)
        id = try? result.uuid(row, 1)
        app = try? result.uuid(row, 2)
        subject = try result.uuidOrNil(row, 3)
        version = try result.int8OrNil(row, 4)
        type = try? result.text(row, 5)
        time = try? result.timestamptz(row, 6)
        record = (try? result.bytes(row, 7)) ?? []
        mac = try result.bytesOrNil(row, 8)
    }

    /// What does not fit within the row: the bytes are not a record, or a column says something
    /// else.
    func flaws(
        apps: [UInt128: String],
        checks: Set<VerificationPlan.Check>
    ) -> [VerificationFlaw] {
        guard let read = try? Record(decoding: record) else {
            return checks.contains(.record) ? [.recordUnreadable] : []
        }
        guard checks.contains(.columns) else { return [] }
        var flaws: [VerificationFlaw] = []
        func compare(_ column: VerificationFlaw.Column, _ isSame: Bool) {
            if !isSame { flaws.append(.columnDiffers(column)) }
        }
        compare(.eventID, read.id.value == id)
        compare(.appID, app.flatMap({ apps[$0] }) == read.clientID)
        compare(.subject, read.subject?.value == subject)
        compare(.subjectVersion, read.subjectVersion == version)
        compare(.type, Self.isSame(type, read.event.type))
        compare(.recordedAt, read.time.microseconds == time)
        return flaws
    }

    /// Whether the service wrote the row, as what it stands there.
    func isWritten(by vault: Vault, logID: Int32) -> Bool {
        guard let id, let app else { return false }
        let place = RecordPlace(
            logID: logID,
            event: Identifier(value: id),
            app: Identifier(value: app),
            subject: subject.map { Identifier(value: $0) },
            version: version
        )
        return vault.isMAC(mac, ofRecord: record, at: place)
    }

    private static func isSame(_ text: String?, _ type: StaticString) -> Bool {
        guard var text else { return false }
        return type.withUTF8Buffer { type in
            text.withUTF8 { unsafe $0.elementsEqual(type) }
        }
    }
}

/// Takes a stretch of the log row by row and gives its leaf hashes and what does not fit.
///
/// Pure: it is fed by the database, or by a test.
struct VerificationStretch: Sendable {
    let logID: Int32
    /// The positions that the stretch must have.
    let positions: Range<Int64>
    /// The `clientId` of each app.
    let apps: [UInt128: String]
    let checks: Set<VerificationPlan.Check>
    /// Tells which records the service wrote; nil without the root key.
    let vault: Vault?
    /// What the first records have left in tiles where they are cold: their rows need not be there.
    private let coldLeaves: [MerkleHash]
    /// Which of them may be cold; nil for all.
    private let launches: LaunchBits?
    /// A leaf hash per position; the empty tree's root, which no leaf has, where a row is missing.
    private(set) var leaves: [MerkleHash] = []
    private(set) var findings: [VerificationReport.Finding] = []
    private(set) var rowCount: Int64 = 0
    /// In the log of maps, what is stated where.
    private(set) var statements: [(position: Int64, statement: MapStatement)] = []

    init(
        logID: Int32,
        positions: Range<Int64>,
        apps: [UInt128: String],
        checks: Set<VerificationPlan.Check>,
        vault: Vault?,
        coldLeaves: [MerkleHash] = [],
        launches: LaunchBits? = nil
    ) {
        self.coldLeaves = coldLeaves
        self.launches = launches
        self.logID = logID
        self.positions = positions
        self.apps = apps
        self.checks = checks
        self.vault = vault
        leaves.reserveCapacity(positions.count)
    }

    private var next: Int64 { positions.lowerBound + Int64(leaves.count) }

    /// Takes the next row in the order of positions.
    mutating func take(_ row: VerificationRow) {
        rowCount += 1
        guard row.position >= next, row.position < positions.upperBound else {
            if checks.contains(.positions) { add(row.position, .positionRepeated) }
            return
        }
        skip(to: row.position)
        for flaw in flaws(of: row) { add(row.position, flaw) }
        if checks.contains(.macs), let vault,
            !row.isWritten(by: vault, logID: logID)
        {
            add(row.position, .recordForged)
        }
        leaves.append(MerkleHash(leaf: row.record))
    }

    private mutating func flaws(of row: VerificationRow) -> [VerificationFlaw] {
        guard Log(id: logID)?.kind == .map else { return row.flaws(apps: apps, checks: checks) }
        guard let statement = try? MapStatement(row.record) else {
            return checks.contains(.record) ? [.recordUnreadable] : []
        }
        statements.append((row.position, statement))
        return checks.contains(.columns) ? row.flaws(of: statement) : []
    }

    /// Ends the stretch.
    mutating func finish() { skip(to: positions.upperBound) }

    private mutating func skip(to position: Int64) {
        var missing: Range<Int64>?
        while next < position {
            let place = next
            let leaf = leaves.count < coldLeaves.count ? coldLeaves[leaves.count] : nil
            leaves.append(leaf ?? .emptyTree)
            if leaf != nil, launches?.contains(place) ?? true {
                tell(missing)
                missing = nil
            } else {
                missing = (missing?.lowerBound ?? place)..<place + 1
            }
        }
        tell(missing)
    }

    private mutating func tell(_ missing: Range<Int64>?) {
        guard let missing, checks.contains(.positions),
            findings.count <= VerificationReport.findingsMax
        else { return }
        findings.append(
            VerificationReport.Finding(
                logID,
                missing.lowerBound,
                end: missing.upperBound,
                .rowsMissing(count: Int64(missing.count))
            )
        )
    }

    private mutating func add(_ position: Int64, _ flaw: VerificationFlaw) {
        guard findings.count <= VerificationReport.findingsMax else { return }
        findings.append(VerificationReport.Finding(logID, position, flaw))
    }
}
