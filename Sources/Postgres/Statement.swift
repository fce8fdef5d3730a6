/// SQL with its parameters.
///
/// The SQL is a literal of the program, so nothing can be spliced into it. The name stands in
/// logs and errors and names the prepared statement: each connection prepares it once. One name
/// must always go with the same SQL and the same parameter types.
package struct Statement: Sendable {
    /// PostgreSQL cuts names of prepared statements at 63 bytes (`NAMEDATALEN`).
    private static let nameBytesMax = 63

    /// The name, for logs and for the server.
    package let name: StaticString
    /// The SQL, with `$1` and so on for its parameters.
    package let sql: StaticString
    /// The parameters, `$1` first.
    package let parameters: [PostgresParameter]
    #if CRASH_POINTS
    /// Called when all its bytes have left for the server and none of the answer is read.
    package var whenSent: (@Sendable () -> Void)?
    #endif

    /// A statement with its parameters in order.
    package init(
        _ name: StaticString,
        _ sql: StaticString,
        _ parameters: PostgresParameter...
    ) {
        self.init(name, sql, parameters)
    }

    /// A statement with its parameters as an array.
    package init(
        _ name: StaticString,
        _ sql: StaticString,
        _ parameters: [PostgresParameter]
    ) {
        precondition(
            name.utf8CodeUnitCount <= Self.nameBytesMax,
            "The name of a statement has at most 63 bytes."
        )
        self.name = name
        self.sql = sql
        self.parameters = parameters
    }
}
