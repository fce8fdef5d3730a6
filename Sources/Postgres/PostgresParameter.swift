/// One parameter of a statement, sent in PostgreSQL's binary format.
///
/// Arrays have one dimension and the lower bound 1; an element may be NULL. An array that is
/// itself NULL is `.null(.textArray)`.
///
/// Rows have no type to be told: the identifiers of composite types differ from database to
/// database. The statement names the type instead (`$1::bench.row[]`), and since PostgreSQL 14 the
/// server takes any identifier within the value for such a type.
package enum PostgresParameter: Sendable, Equatable {
    /// NULL of a type.
    case null(PostgresType)
    /// True or false.
    case bool(Bool?)
    /// A 32-bit integer.
    case int4(Int32?)
    /// A 64-bit integer.
    case int8(Int64?)
    /// Text. The server refuses U+0000 in it (SQLSTATE 22021).
    case text(String?)
    /// Bytes.
    case bytea([UInt8]?)
    /// JSON in UTF-8. A column of type `json` keeps its spelling.
    case json([UInt8]?)
    /// A UUID, its first byte the highest of the integer.
    case uuid(UInt128?)
    /// A point in time.
    case timestamptz(microsecondsSince1970: Int64?)
    /// An array of `bool`.
    case boolArray([Bool?])
    /// An array of `int4`.
    case int4Array([Int32?])
    /// An array of `int8`.
    case int8Array([Int64?])
    /// An array of `text`.
    case textArray([String?])
    /// An array of `bytea`.
    case byteaArray([[UInt8]?])
    /// An array of `uuid`.
    case uuidArray([UInt128?])
    /// An array of `timestamptz`, each in microseconds since 1970.
    case timestamptzArray([Int64?])
    /// A value of a composite type.
    case row(PostgresRow?)
    /// An array of a composite type.
    case rowArray([PostgresRow?])

    /// The type the server is told.
    package var type: PostgresType {
        switch self {
        case .null(let type): type
        case .bool: .bool
        case .int4: .int4
        case .int8: .int8
        case .text: .text
        case .bytea: .bytea
        case .json: .json
        case .uuid: .uuid
        case .timestamptz: .timestamptz
        case .boolArray: .boolArray
        case .int4Array: .int4Array
        case .int8Array: .int8Array
        case .textArray: .textArray
        case .byteaArray: .byteaArray
        case .uuidArray: .uuidArray
        case .timestamptzArray: .timestamptzArray
        case .row, .rowArray: .inferred
        }
    }
}
