package import Ledger
package import Postgres
internal import Wire

/// Whose problems they are: those of one user, or of one endpoint, of an app.
package struct ProblemPlace: Sendable, Hashable {
    package let app: Identifier
    /// The user's subject, or the endpoint.
    package let about: Identifier

    package init(app: Identifier, about: Identifier) {
        self.app = app
        self.about = about
    }
}

/// A row of `ledger.problem`.
package struct StoredProblem: Sendable, Equatable {
    package let app: Identifier
    package let problem: TrackedProblem

    package init(app: Identifier, problem: TrackedProblem) {
        self.app = app
        self.problem = problem
    }

    /// Reads the columns of `ledger.problem` from `app_id` on in their order, the arrays as texts with blanks between.
    ///
    /// Nil for a row that no fold gives: somebody else wrote it.
    package static func read(
        _ result: borrowing PostgresResult,
        _ row: Int
    ) throws(PostgresError) -> StoredProblem? {
        guard let kind = ProblemKind(rawValue: try result.text(row, 2)),
            let state = TrackedProblem.State(rawValue: try result.text(row, 3)),
            let first = try? moment(result, row, 7), let opened = try? moment(result, row, 9),
            let last = try? moment(result, row, 11), let changed = try? result.timestamptz(row, 13),
            let finalizes = list(try result.text(row, 15), { Identifier($0) }),
            let positions = list(try result.text(row, 16), { Int64($0) })
        else { return nil }
        let (reason, mutedBy) = (try result.textOrNil(row, 4), try result.textOrNil(row, 14))
        // These rows bear no code, and people read them at terminals.
        guard reason?.hasControlCharacter != true, mutedBy?.hasControlCharacter != true else {
            return nil
        }
        let name = ProblemName(kind: kind, about: Identifier(value: try result.uuid(row, 1)))
        return StoredProblem(
            app: Identifier(value: try result.uuid(row, 0)),
            problem: TrackedProblem(
                name: name,
                state: state,
                reason: reason,
                occurrences: try result.int8(row, 5),
                openings: try result.int8(row, 6),
                first: first,
                opened: opened,
                last: last,
                changedAt: Timestamp(microseconds: changed),
                mutedBy: mutedBy,
                finalizes: finalizes,
                positions: positions
            )
        )
    }

    private static func moment(
        _ result: borrowing PostgresResult,
        _ row: Int,
        _ column: Int
    ) throws(PostgresError) -> TrackedProblem.Moment {
        TrackedProblem.Moment(
            position: try result.int8(row, column),
            time: Timestamp(microseconds: try result.timestamptz(row, column + 1))
        )
    }

    private static func list<Element>(
        _ text: String,
        _ read: (Substring) -> Element?
    ) -> [Element]? {
        let parts = text.split(separator: " ")
        let elements = parts.compactMap(read)
        return elements.count == parts.count ? elements : nil
    }

    /// The problem as `ledger.problem`.
    package var row: PostgresRow {
        PostgresRow(
            .int4(Log(of: problem.name.about).id),
            .uuid(app.value),
            .uuid(problem.name.about.value),
            .text(problem.name.kind.rawValue),
            .text(problem.state.rawValue),
            .text(problem.reason),
            .int8(problem.occurrences),
            .int8(problem.openings),
            .int8(problem.first.position),
            .timestamptz(microsecondsSince1970: problem.first.time.microseconds),
            .int8(problem.opened.position),
            .timestamptz(microsecondsSince1970: problem.opened.time.microseconds),
            .int8(problem.last.position),
            .timestamptz(microsecondsSince1970: problem.last.time.microseconds),
            .timestamptz(microsecondsSince1970: problem.changedAt.microseconds),
            .text(problem.mutedBy),
            .uuidArray(problem.finalizes.map(\.value)),
            .int8Array(problem.positions)
        )
    }
}
