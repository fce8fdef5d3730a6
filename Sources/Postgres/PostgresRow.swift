/// A value of a composite type: its fields, in the order in which the type declares them.
package struct PostgresRow: Sendable, Equatable {
    /// The fields.
    ///
    /// Each has exactly the type that the composite type declares: the server converts none.
    package let fields: [PostgresParameter]

    /// A row of fields in order.
    package init(_ fields: PostgresParameter...) {
        self.init(fields)
    }

    /// A row of fields in order, as an array.
    package init(_ fields: [PostgresParameter]) {
        self.fields = fields
    }
}
