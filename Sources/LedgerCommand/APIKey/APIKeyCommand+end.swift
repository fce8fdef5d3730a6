import ArgumentParser
import Ledger
import LedgerStack
import LedgerStore

extension APIKeyCommand {
    /// `token-ledger api-key revoke`: ends one at once.
    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "revoke",
            abstract: "End an API key at once, for good."
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @OptionGroup var choice: APIKeyChoice

        func run() async throws {
            let opened = try await OpenedStore.open(options, asOwner: true)
            defer { opened.close() }
            let (key, app) = try await choice.key(opened.store)
            switch try await opened.store.revoke(
                key,
                of: app,
                context: .byOperator,
                owner: opened.databases.first
            ) {
            case .written:
                Terminal.message(
                    "The API key \(key.id) is revoked: no copy of the service takes it 5 seconds "
                        + "from now."
                )
            case .unchanged:
                let time = key.revokedAt.map { "\($0)" } ?? ""
                Terminal.message("The API key \(key.id) is revoked since \(time).")
            case .conflict: throw APIKeyChoice.conflict
            }
        }
    }

    /// `token-ledger api-key expire`: sets when one ends.
    struct Expire: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "expire",
            abstract: "Set when an API key ends, sooner or later than it would.",
            discussion: "A key that has ended stays so. api-key revoke ends one at once."
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @OptionGroup var choice: APIKeyChoice

        @Option(
            name: .customLong("at"),
            help: ArgumentHelp("When: an RFC 3339 time.", valueName: "time")
        )
        var time: String?

        @Option(
            name: .customLong("in"),
            help: ArgumentHelp("After how long: 30m, 24h, 90d.", valueName: "span")
        )
        var span: TimeSpan?

        func validate() throws {
            switch (time, span) {
            case (let time?, nil):
                guard let end = KeyEnd(argument: time), case .at = end else {
                    throw ValidationError(
                        "--at must be an RFC 3339 time, such as 2026-01-31T12:00:00Z."
                    )
                }
                try end.check("--at")
            case (nil, let span?): try KeyEnd.after(span).check("--in")
            default: throw ValidationError("Say when: --at TIME or --in SPAN, one of the two.")
            }
        }

        func run() async throws {
            let opened = try await OpenedStore.open(options, asOwner: true)
            defer { opened.close() }
            let (key, app) = try await choice.livingKey(opened.store)
            let now = opened.store.clock.now()
            guard let expiry = time.flatMap({ Timestamp($0) }) ?? span?.end(after: now) else {
                throw CommandError("There is no such time.")
            }
            switch try await opened.store.setExpiry(
                of: key,
                to: expiry,
                of: app,
                context: .byOperator,
                owner: opened.databases.first
            ) {
            case .written, .unchanged: Terminal.message("The API key \(key.id) ends at \(expiry).")
            case .conflict: throw APIKeyChoice.conflict
            }
        }
    }
}
