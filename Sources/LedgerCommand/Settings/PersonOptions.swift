import ArgumentParser
import Ledger
import LedgerStore

/// The flags that name an app, and perhaps one of its users.
struct PersonOptions: ParsableArguments {
    @Option(help: "The app's clientId; needed when there are several apps.")
    var app: String?

    @Option(help: ArgumentHelp("The app's own id of a user.", valueName: "clientUserId"))
    var user: String?

    @Option(help: ArgumentHelp("The pseudonym of a user.", valueName: "uuid"))
    var subject: String?

    func validate() throws {
        guard user == nil || subject == nil else {
            throw ValidationError("--user and --subject name the same thing; one is enough.")
        }
        if let subject, Identifier(subject) == nil {
            throw ValidationError("--subject must be a UUID.")
        }
    }

    /// The app that is named, or the only one.
    func app(_ store: LedgerStore) async throws -> StoredApp { try await Self.app(app, store) }

    /// The app of a `clientId`, or the only one.
    static func app(_ app: String?, _ store: LedgerStore) async throws -> StoredApp {
        let apps = try await store.apps()
        if let app {
            guard let named = apps.first(where: { $0.clientID == app }) else {
                throw CommandError("There is no app \(app); token-ledger app list shows all.")
            }
            return named
        }
        guard let only = apps.first, apps.count == 1 else {
            throw CommandError(
                apps.isEmpty ? "There is no app yet." : "There are several apps; --app names one."
            )
        }
        return only
    }

    /// The user of an app with its own id.
    static func user(
        _ clientUserID: String,
        of app: StoredApp,
        _ store: LedgerStore
    ) async throws -> StoredUser {
        guard let found = try await store.user(Secret(clientUserID), of: app) else {
            throw CommandError("The app has no user with this clientUserId.")
        }
        return found
    }

    /// The user who is named, or nil when nobody is.
    ///
    /// One who was erased is found by the pseudonym alone, and only where that is said.
    func user(_ store: LedgerStore, evenErased: Bool = false) async throws -> StoredUser? {
        if let user { return try await Self.user(user, of: app(store), store) }
        guard let subject = subject.flatMap({ Identifier($0) }) else { return nil }
        let app = try await app(store)
        guard
            let found = try await store.user(
                subject: subject,
                of: app,
                evenErased: evenErased
            )
        else { throw CommandError("The app has no user with this subject.") }
        return found
    }

    /// The user who must be named, with the app.
    func named(
        _ store: LedgerStore,
        evenErased: Bool = false
    ) async throws -> (StoredUser, StoredApp) {
        guard let user = try await user(store, evenErased: evenErased) else {
            throw CommandError("Name the user: --user clientUserId, or --subject UUID.")
        }
        return (user, try await app(store))
    }
}
