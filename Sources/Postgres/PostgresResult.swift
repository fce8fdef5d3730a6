import CLibPQ

/// One answer of the server: rows of columns in binary format, both counted from 0.
///
/// It is lent to a decoding closure and freed afterwards. Every accessor throws
/// `.decodingFailed` for a NULL (unless its name ends in `OrNil`) and for another type.
@safe package struct PostgresResult: ~Copyable {
    private let pointer: OpaquePointer
    /// Whether the server warned of something while it carried out the statement.
    package internal(set) var isWarned = false

    init(owning pointer: OpaquePointer) {
        unsafe self.pointer = unsafe pointer
    }

    deinit {
        unsafe PQclear(pointer)
    }

    /// How many rows there are.
    package var rowCount: Int { unsafe Int(PQntuples(pointer)) }

    /// How many columns each row has.
    package var columnCount: Int { unsafe Int(PQnfields(pointer)) }

    /// A `bool`.
    package func bool(_ row: Int, _ column: Int) throws(PostgresError) -> Bool {
        try required(boolOrNil(row, column), row, column)
    }

    /// An `int2` or `int4`, or an `int8` that fits.
    package func int4(_ row: Int, _ column: Int) throws(PostgresError) -> Int32 {
        try required(int4OrNil(row, column), row, column)
    }

    /// An `int2`, `int4` or `int8`.
    package func int8(_ row: Int, _ column: Int) throws(PostgresError) -> Int64 {
        try required(int8OrNil(row, column), row, column)
    }

    /// A `text`, `varchar`, `name`, `json` or `"char"`.
    package func text(_ row: Int, _ column: Int) throws(PostgresError) -> String {
        try required(textOrNil(row, column), row, column)
    }

    /// The bytes of a text, in the server's encoding: UTF-8.
    package func textBytes(_ row: Int, _ column: Int) throws(PostgresError) -> [UInt8] {
        guard isText(column), let value = unsafe value(row, column) else {
            throw mismatch(row, column)
        }
        return unsafe Array(value)
    }

    /// A `bytea`.
    package func bytes(_ row: Int, _ column: Int) throws(PostgresError) -> [UInt8] {
        try required(bytesOrNil(row, column), row, column)
    }

    /// A `bytea`, written behind other bytes: nothing is allocated for it alone.
    package func appendBytes(
        _ row: Int,
        _ column: Int,
        to bytes: inout [UInt8]
    ) throws(PostgresError) {
        guard type(column) == .bytea, let value = unsafe value(row, column) else {
            throw mismatch(row, column)
        }
        unsafe bytes.append(contentsOf: value)
    }

    /// A `uuid`, its first byte the highest of the integer.
    package func uuid(_ row: Int, _ column: Int) throws(PostgresError) -> UInt128 {
        try required(uuidOrNil(row, column), row, column)
    }

    /// A finite `timestamptz`, in microseconds since 1970.
    package func timestamptz(_ row: Int, _ column: Int) throws(PostgresError) -> Int64 {
        try required(timestamptzOrNil(row, column), row, column)
    }

    /// A `bool`, or nil for NULL.
    package func boolOrNil(_ row: Int, _ column: Int) throws(PostgresError) -> Bool? {
        guard let value: UInt8 = try integer(row, column, of: .bool) else { return nil }
        return value != 0
    }

    /// An `int2` or `int4`, or an `int8` that fits, or nil for NULL.
    package func int4OrNil(_ row: Int, _ column: Int) throws(PostgresError) -> Int32? {
        guard let value = try int8OrNil(row, column) else { return nil }
        guard let narrow = Int32(exactly: value) else { throw mismatch(row, column) }
        return narrow
    }

    /// An `int2`, `int4` or `int8`, or nil for NULL.
    package func int8OrNil(_ row: Int, _ column: Int) throws(PostgresError) -> Int64? {
        switch type(column) {
        case .int2:
            let value: Int16? = try integer(row, column, of: .int2)
            return value.map(Int64.init)
        case .int4:
            let value: Int32? = try integer(row, column, of: .int4)
            return value.map(Int64.init)
        default:
            return try integer(row, column, of: .int8)
        }
    }

    /// A `text`, `varchar`, `name`, `json` or `"char"`, or nil for NULL.
    package func textOrNil(_ row: Int, _ column: Int) throws(PostgresError) -> String? {
        guard isText(column) else { throw mismatch(row, column) }
        guard let value = unsafe value(row, column) else { return nil }
        guard let text = unsafe String(validating: value, as: UTF8.self) else {
            throw mismatch(row, column)
        }
        return text
    }

    /// A `bytea`, or nil for NULL.
    package func bytesOrNil(_ row: Int, _ column: Int) throws(PostgresError) -> [UInt8]? {
        guard type(column) == .bytea else { throw mismatch(row, column) }
        guard let value = unsafe value(row, column) else { return nil }
        return unsafe Array(value)
    }

    /// A `uuid`, or nil for NULL.
    package func uuidOrNil(_ row: Int, _ column: Int) throws(PostgresError) -> UInt128? {
        try integer(row, column, of: .uuid)
    }

    /// A finite `timestamptz` in microseconds since 1970, or nil for NULL.
    package func timestamptzOrNil(_ row: Int, _ column: Int) throws(PostgresError) -> Int64? {
        guard let encoded: Int64 = try integer(row, column, of: .timestamptz) else { return nil }
        guard let time = PostgresTimestamp.microsecondsSince1970(encoded: encoded) else {
            throw mismatch(row, column)
        }
        return time
    }

    private func isText(_ column: Int) -> Bool {
        switch type(column) {
        case .text, .varchar, .name, .json, .char, .unknown: true
        default: false
        }
    }

    private func type(_ column: Int) -> PostgresType {
        precondition(column >= 0 && column < columnCount, "A result has no such column.")
        return unsafe PostgresType(rawValue: PQftype(pointer, Int32(column)))
    }

    /// The bytes of one value, valid as long as the result; nil for NULL.
    private func value(_ row: Int, _ column: Int) -> UnsafeBufferPointer<UInt8>? {
        precondition(row >= 0 && row < rowCount, "A result has no such row.")
        let (row, column) = (Int32(row), Int32(column))
        guard unsafe PQgetisnull(pointer, row, column) == 0 else { return nil }
        return unsafe UnsafeBufferPointer(
            start: UnsafeRawPointer(PQgetvalue(pointer, row, column))?
                .assumingMemoryBound(to: UInt8.self),
            count: Int(PQgetlength(pointer, row, column))
        )
    }

    /// A value of fixed width, in network byte order.
    private func integer<Integer: FixedWidthInteger & BitwiseCopyable>(
        _ row: Int,
        _ column: Int,
        of expected: PostgresType
    ) throws(PostgresError) -> Integer? {
        guard type(column) == expected else { throw mismatch(row, column) }
        guard let value = unsafe value(row, column) else { return nil }
        guard value.count == Integer.bitWidth / 8 else { throw mismatch(row, column) }
        return unsafe Integer(
            bigEndian: UnsafeRawBufferPointer(value).loadUnaligned(as: Integer.self)
        )
    }

    private func required<Value>(
        _ value: Value?,
        _ row: Int,
        _ column: Int
    ) throws(PostgresError) -> Value {
        guard let value else { throw mismatch(row, column) }
        return value
    }

    private func mismatch(_ row: Int, _ column: Int) -> PostgresError {
        PostgresError(
            .decodingFailed,
            message: "row \(row), column \(column), type \(type(column).rawValue)"
        )
    }
}

extension PostgresResult {
    var status: ExecStatusType { unsafe PQresultStatus(pointer) }

    /// Whether the session ended with it, so that it may not be about the statement.
    var endsSession: Bool {
        let severity = field(postgres_field_severity)
        return severity == "FATAL" || severity == "PANIC"
    }

    /// What the server reported, or nil when the connection was lost without a report.
    var serverError: PostgresError? {
        guard let state = field(postgres_field_sqlstate) else { return nil }
        return PostgresError(
            .server(SQLState(rawValue: state)),
            constraint: field(postgres_field_constraint_name),
            table: field(postgres_field_table_name),
            message: field(postgres_field_primary_message)
        )
    }

    private func field(_ code: Int32) -> String? {
        unsafe PQresultErrorField(pointer, code).map { unsafe String(cString: $0) }
    }
}
