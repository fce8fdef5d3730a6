internal import Ledger
internal import Postgres
internal import Vault

// Each struct as its row type: the fields in the order in which the type declares them.

extension AppendCommand {
    /// The command as `ledger.append_command`.
    func row(rootKeyID: String) -> PostgresRow {
        PostgresRow(
            shared(subject: subject, rootKeyID: rootKeyID) + [
                .bytea(current[.humanID]),
                .bytea(current[.accessToken]),
                .bytea(current[.publicToken]),
                .rowArray(events.map(\.row)),
                .rowArray(claims.map(\.row)),
                .rowArray(values.map(\.row)),
                .rowArray(drops.map(\.row)),
            ]
        )
    }

    /// A command that `isShort` as one `ledger.append_single` for each event.
    func singleRows(rootKeyID: String) -> [PostgresRow] {
        events.map { event in
            PostgresRow(
                shared(subject: event.record.subject, rootKeyID: rootKeyID) + [
                    .uuid(event.record.id.value),
                    .text("\(event.record.event.type)"),
                    .bytea(event.bytes),
                ]
            )
        }
    }

    /// The fields with which both row types begin.
    private func shared(subject: Identifier?, rootKeyID: String) -> [PostgresParameter] {
        [
            .uuid(app.value),
            .uuid(subject?.value),
            .int8(expected),
            .timestamptz(microsecondsSince1970: time.microseconds),
            .text(state?.status.rawValue),
            .int8(state?.accessToken?.version),
            .int8(state?.publicToken?.version),
            .timestamptz(microsecondsSince1970: state?.settleAt?.microseconds),
            .json(state?.encoded()),
            .bytea(fingerprint?.bytes),
            .text(wrappedKey == nil ? nil : rootKeyID),
            .bytea(wrappedKey),
            .bytea(current[.clientUserID]),
        ]
    }
}

extension AppendCommand.Event {
    /// The event as `ledger.append_event`.
    fileprivate var row: PostgresRow {
        PostgresRow(
            .uuid(record.id.value),
            .uuid(record.subject?.value),
            .int8(record.subjectVersion),
            .text("\(record.event.type)"),
            .bytea(bytes)
        )
    }
}

extension AppendCommand.Claim {
    /// The claim as `ledger.append_claim`.
    fileprivate var row: PostgresRow {
        PostgresRow(.text(kind.rawValue), .bytea(fingerprint.bytes), .uuid(reference.value))
    }
}

extension AppendCommand.SealedValue {
    /// The value as `ledger.append_value`.
    fileprivate var row: PostgresRow {
        PostgresRow(.text(kind.rawValue), .int8(version), .bytea(bytes))
    }
}

extension AppendCommand.Drop {
    /// The drop as `ledger.append_drop`.
    fileprivate var row: PostgresRow {
        PostgresRow(.text(kind.rawValue), .int8(version))
    }
}
