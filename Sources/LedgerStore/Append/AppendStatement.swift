internal import Ledger
internal import Postgres
internal import Vault

/// Turns a batch of commands into the one call of `ledger.append_events`.
struct AppendStatement {
    private var commandApps: [UInt128?] = []
    private var commandSubjects: [UInt128?] = []
    private var commandExpected: [Int64?] = []
    private var commandEventCounts: [Int32?] = []
    private var commandTimes: [Int64?] = []
    private var commandStatuses: [String?] = []
    private var commandStates: [String?] = []
    private var eventCommands: [Int32?] = []
    private var eventIDs: [UInt128?] = []
    private var eventSubjects: [UInt128?] = []
    private var eventVersions: [Int64?] = []
    private var eventTypes: [String?] = []
    private var eventRecords: [[UInt8]?] = []
    private var claimCommands: [Int32?] = []
    private var claimKinds: [String?] = []
    private var claimFingerprints: [[UInt8]?] = []
    private var claimReferences: [UInt128?] = []
    private var keyCommands: [Int32?] = []
    private var keyRootKeyIDs: [String?] = []
    private var keysWrapped: [[UInt8]?] = []
    private var valueCommands: [Int32?] = []
    private var valueKinds: [String?] = []
    private var valueVersions: [Int64?] = []
    private var valuesSealed: [[UInt8]?] = []
    private var dropCommands: [Int32?] = []
    private var dropKinds: [String?] = []
    private var dropVersions: [Int64?] = []

    private let logID: Int32

    init(_ commands: [AppendCommand], logID: Int32, rootKeyID: String) {
        self.logID = logID
        for (index, command) in commands.enumerated() {
            let number = Int32(index + 1)
            add(command)
            for event in command.events { add(event, number) }
            for claim in command.claims { add(claim, number) }
            for value in command.values { add(value, number) }
            for drop in command.drops {
                dropCommands.append(number)
                dropKinds.append(drop.kind.rawValue)
                dropVersions.append(drop.version)
            }
            if let wrappedKey = command.wrappedKey {
                keyCommands.append(number)
                keyRootKeyIDs.append(rootKeyID)
                keysWrapped.append(wrappedKey)
            }
        }
    }

    private mutating func add(_ command: AppendCommand) {
        commandApps.append(command.app.value)
        commandSubjects.append(command.subject.value)
        commandExpected.append(command.expected)
        commandEventCounts.append(Int32(command.events.count))
        commandTimes.append(command.time.microseconds)
        commandStatuses.append(command.state?.status.rawValue)
        commandStates.append(
            command.state.map { String(decoding: $0.encoded(), as: UTF8.self) }
        )
    }

    private mutating func add(_ event: AppendCommand.Event, _ number: Int32) {
        eventCommands.append(number)
        eventIDs.append(event.record.id.value)
        eventSubjects.append(event.record.subject?.value)
        eventVersions.append(event.record.subjectVersion)
        eventTypes.append("\(event.record.event.type)")
        eventRecords.append(event.bytes)
    }

    private mutating func add(_ claim: AppendCommand.Claim, _ number: Int32) {
        claimCommands.append(number)
        claimKinds.append(claim.kind.rawValue)
        claimFingerprints.append(claim.fingerprint.bytes)
        claimReferences.append(claim.reference.value)
    }

    private mutating func add(_ value: AppendCommand.SealedValue, _ number: Int32) {
        valueCommands.append(number)
        valueKinds.append(value.kind.rawValue)
        valueVersions.append(value.version)
        valuesSealed.append(value.bytes)
    }

    var statement: Statement {
        Statement(
            "append_events",
            """
            select verdict, first_position, claimed_kind from ledger.append_events(
                $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
                $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28)
            """,
            .int4(logID),
            .uuidArray(commandApps),
            .uuidArray(commandSubjects),
            .int8Array(commandExpected),
            .int4Array(commandEventCounts),
            .timestamptzArray(commandTimes),
            .textArray(commandStatuses),
            .textArray(commandStates),
            .int4Array(eventCommands),
            .uuidArray(eventIDs),
            .uuidArray(eventSubjects),
            .int8Array(eventVersions),
            .textArray(eventTypes),
            .byteaArray(eventRecords),
            .int4Array(claimCommands),
            .textArray(claimKinds),
            .byteaArray(claimFingerprints),
            .uuidArray(claimReferences),
            .int4Array(keyCommands),
            .textArray(keyRootKeyIDs),
            .byteaArray(keysWrapped),
            .int4Array(valueCommands),
            .textArray(valueKinds),
            .int8Array(valueVersions),
            .byteaArray(valuesSealed),
            .int4Array(dropCommands),
            .textArray(dropKinds),
            .int8Array(dropVersions)
        )
    }

    /// Reads the verdicts, one per command.
    static func verdicts(
        _ result: borrowing PostgresResult
    ) throws(PostgresError) -> [AppendVerdict?] {
        var verdicts: [AppendVerdict?] = []
        for row in 0..<result.rowCount {
            switch try result.text(row, 0) {
            case "appended": verdicts.append(.appended(position: try result.int8(row, 1)))
            case "repeated": verdicts.append(.repeated(position: try result.int8(row, 1)))
            case "conflict": verdicts.append(.conflict)
            default:
                let kind = LookupKind(rawValue: try result.textOrNil(row, 2) ?? "")
                verdicts.append(kind.map { .claimed($0) })
            }
        }
        return verdicts
    }
}
