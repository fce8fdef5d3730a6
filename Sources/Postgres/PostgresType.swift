/// A built-in type of PostgreSQL, by its object identifier (`pg_type.oid`), which never changes.
package struct PostgresType: RawRepresentable, Sendable, Hashable {
    /// The object identifier.
    package let rawValue: UInt32

    /// Names a type by its object identifier.
    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// No type of its own: the server takes what the statement says.
    package static let inferred = PostgresType(rawValue: 0)

    /// True or false.
    package static let bool = PostgresType(rawValue: 16)
    /// Bytes of any length.
    package static let bytea = PostgresType(rawValue: 17)
    /// A 64-bit integer.
    package static let int8 = PostgresType(rawValue: 20)
    /// A 32-bit integer.
    package static let int4 = PostgresType(rawValue: 23)
    /// UTF-8 text of any length.
    package static let text = PostgresType(rawValue: 25)
    /// JSON, as it was spelled.
    package static let json = PostgresType(rawValue: 114)
    /// A point in time, to the microsecond.
    package static let timestamptz = PostgresType(rawValue: 1184)
    /// A UUID.
    package static let uuid = PostgresType(rawValue: 2950)

    /// An array of `bool`.
    package static let boolArray = PostgresType(rawValue: 1000)
    /// An array of `bytea`.
    package static let byteaArray = PostgresType(rawValue: 1001)
    /// An array of `int4`.
    package static let int4Array = PostgresType(rawValue: 1007)
    /// An array of `text`.
    package static let textArray = PostgresType(rawValue: 1009)
    /// An array of `int8`.
    package static let int8Array = PostgresType(rawValue: 1016)
    /// An array of `timestamptz`.
    package static let timestamptzArray = PostgresType(rawValue: 1185)
    /// An array of `uuid`.
    package static let uuidArray = PostgresType(rawValue: 2951)

    // What results can also be made of.
    static let char = PostgresType(rawValue: 18)
    static let name = PostgresType(rawValue: 19)
    static let int2 = PostgresType(rawValue: 21)
    static let unknown = PostgresType(rawValue: 705)
    static let varchar = PostgresType(rawValue: 1043)
}
