/// One token of a user, from the event that brought it to the event that replaced it.
package struct TokenHolding: Sendable, Equatable {
    /// A moment of the log.
    package struct Moment: Sendable, Equatable {
        package let position: Int64
        /// The time that the record at the position names.
        package let time: Timestamp
    }

    package let kind: TokenKind
    package let version: Int64
    package let fingerprint: Fingerprint
    package let from: Moment
    /// When the next token of the kind replaced it, or the user was erased; nil while it is current.
    package private(set) var until: Moment?

    /// What `list` takes of a record: before it nil for each of the user's that is cold history, which was no token's.
    package static func steps(
        at position: Int64,
        _ record: Record?,
        coldBefore: Int64
    ) -> [(position: Int64, record: Record?)] {
        Array(repeating: (position: position, record: nil), count: Int(coldBefore))
            + [(position: position, record: record)]
    }

    /// All that a user held, in the order in which the tokens came.
    ///
    /// Takes the user's records from the first on, each with its position, and nil for one that the
    /// service did not write. What counts as held is what the fold says. Throws `FoldError` when a record is missing.
    package static func list(
        _ records: some Sequence<(position: Int64, record: Record?)>
    ) throws(FoldError) -> [TokenHolding] {
        var holdings: [TokenHolding] = []
        var state = SubjectState()
        for (position, record) in records {
            let before = state
            try state.apply(record)
            guard let record else { continue }
            let moment = Moment(position: position, time: record.time)
            for kind in TokenKind.allCases where state.token(kind) != before.token(kind) {
                if let last = holdings.lastIndex(where: { $0.kind == kind }) {
                    holdings[last].until = moment
                }
                guard let token = state.token(kind) else { continue }
                holdings.append(
                    TokenHolding(
                        kind: kind,
                        version: token.version,
                        fingerprint: token.fingerprint,
                        from: moment
                    )
                )
            }
        }
        return holdings
    }
}
