import ArgumentParser
import Ledger
import LedgerStack
import LedgerStore

extension UserCommand {
    /// `token-ledger user hold`: a user must not be erased for now.
    struct Hold: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "hold",
            abstract: "Keep a user from being erased until the hold is released.",
            discussion: "Works on the database as the service does. Everything else goes on."
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @OptionGroup var person: PersonOptions

        @Option(
            help: ArgumentHelp(
                "Why: " + HoldReason.allCases.map(\.rawValue).joined(separator: ", ") + "."
            )
        )
        var reason: HoldReason

        func run() async throws {
            let isNew = try await OpenedStore.atWork(options) { store in
                let (user, app) = try await person.named(store)
                return try await store.hold(user, of: app, reason: reason, context: .byOperator)
            }
            Terminal.message(
                isNew
                    ? "The user is held: nobody can erase it until token-ledger user release."
                    : "The user is held already; nothing was written."
            )
        }
    }

    /// `token-ledger user release`: the hold ends.
    struct Release: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "release",
            abstract: "End a hold, so that the user can be erased again.",
            discussion: "Works on the database as the service does."
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @OptionGroup var person: PersonOptions

        func run() async throws {
            let wasHeld = try await OpenedStore.atWork(options) { store in
                let (user, app) = try await person.named(store)
                return try await store.release(user, of: app, context: .byOperator)
            }
            Terminal.message(
                wasHeld
                    ? "The hold has ended." : "The user is not held; nothing was written."
            )
        }
    }
}

extension HoldReason: ExpressibleByArgument {}
