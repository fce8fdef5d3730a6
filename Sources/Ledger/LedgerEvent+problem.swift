internal import Wire

extension LedgerEvent {
    /// Which problem somebody muted or unmuted.
    ///
    /// A user's is named by the record's subject and its kind; of an endpoint's, the endpoint stands here.
    package struct ProblemMark: Sendable, Equatable {
        package let kind: ProblemKind
        /// Of a kind that is about an endpoint, and of no other.
        package let endpoint: Identifier?

        /// The mark of a problem of this name.
        package init(_ name: ProblemName) {
            kind = name.kind
            endpoint = name.kind.isOfEndpoint ? name.about : nil
        }

        func write(to writer: inout JSONWriter) {
            writer.member("kind", kind.rawValue)
            if let endpoint { writer.member("endpoint", endpoint) }
        }

        init(type: String, from reader: inout RecordReader) throws(RecordError) {
            try reader.literal("\"kind\":")
            guard let kind = ProblemKind(rawValue: try reader.string()) else {
                throw .unknownType(type)
            }
            self.kind = kind
            endpoint = kind.isOfEndpoint ? try reader.nextIdentifier("endpoint") : nil
        }
    }
}
