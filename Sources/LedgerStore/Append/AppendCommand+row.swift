internal import Ledger
internal import Postgres
internal import Vault

// Each struct as its row type: the fields in the order in which the type declares them.

extension AppendCommand {
    /// The command as `ledger.append_command`.
    func row(_ log: Log, _ vault: Vault) -> PostgresRow {
        PostgresRow(
            shared(subject, log, vault) + [
                .bytea(current[.humanID]),
                .bytea(current[.accessToken]),
                .bytea(current[.publicToken]),
                .rowArray(events.map { $0.row(app, log, vault) }),
                .rowArray(claims.map(\.row)),
                .rowArray(values.map(\.row)),
                .rowArray(drops.map(\.row)),
            ]
        )
    }

    /// A command that `isShort` as one `ledger.append_single` for each event.
    func singleRows(_ log: Log, _ vault: Vault) -> [PostgresRow] {
        events.map { event in
            PostgresRow(
                shared(event.record.subject, log, vault) + [
                    .uuid(event.record.id.value),
                    .text(event.record.event.type.description),
                    .bytea(event.bytes),
                    .bytea(event.mac(app, log, vault)),
                ]
            )
        }
    }

    /// The fields with which both row types begin.
    private func shared(_ subject: Identifier?, _ log: Log, _ vault: Vault) -> [PostgresParameter] {
        let state = state?.encoded()
        return [
            .uuid(app.value),
            .uuid(subject?.value),
            .int8(expected),
            .timestamptz(microsecondsSince1970: time.microseconds),
            .text(self.state?.status.rawValue),
            .int8(self.state?.accessToken?.version),
            .int8(self.state?.publicToken?.version),
            .timestamptz(microsecondsSince1970: self.state?.settleAt?.microseconds),
            .json(state),
            .bytea(state.map { vault.mac(ofState: $0, for: owner(log)) }),
            .bytea(fingerprint?.bytes),
            .text(wrappedKey == nil ? nil : vault.rootKeyID),
            .bytea(wrappedKey),
            .bytea(current[.clientUserID]),
        ]
    }

    private func owner(_ log: Log) -> ValueOwner {
        ValueOwner(logID: log.id, app: app, subject: subject)
    }
}

extension AppendCommand.Event {
    /// The event as `ledger.append_event`.
    fileprivate func row(_ app: Identifier, _ log: Log, _ vault: Vault) -> PostgresRow {
        PostgresRow(
            .uuid(record.id.value),
            .uuid(record.subject?.value),
            .int8(record.subjectVersion),
            .text(record.event.type.description),
            .bytea(bytes),
            .bytea(mac(app, log, vault))
        )
    }

    fileprivate func mac(_ app: Identifier, _ log: Log, _ vault: Vault) -> [UInt8] {
        vault.mac(
            ofRecord: bytes,
            at: RecordPlace(
                logID: log.id,
                event: record.id,
                app: app,
                subject: record.subject,
                version: record.subjectVersion
            )
        )
    }
}

extension AppendCommand.Claim {
    /// The claim as `ledger.append_claim`.
    fileprivate var row: PostgresRow {
        PostgresRow(
            .text(kind.rawValue),
            .bytea(fingerprint.bytes),
            .uuid(reference.value),
            .uuid(reservation?.value)
        )
    }
}

extension Change.UnheldToken {
    /// The token as `ledger.unheld_token`, of the command with this number.
    func row(of command: Int) -> PostgresRow {
        PostgresRow(
            .int8(Int64(command)),
            .bytea(Array(fingerprint.description.utf8)),
            .int8(checkedUntil),
            .uuid(reservation?.value)
        )
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
