import ArgumentParser
import Ledger
import LedgerStack
import LedgerStore
import Webhooks
import Wire

/// The endpoint that a command is about.
struct WebhookChoice: ParsableArguments {
    @Argument(help: "The endpoint's id, as webhook list shows it.")
    var endpoint: String

    static let conflict = CommandError(
        "The endpoint was changed meanwhile; nothing was written. Look at it and try again."
    )

    static let full = CommandError(
        "\(WebhookLimits.waitingAsksMax) tests and replays of the endpoint wait, as many as may; ask "
            + "again when some are done."
    )

    /// The endpoint, and its app.
    func webhook(_ store: LedgerStore) async throws -> (StoredWebhook, StoredApp) {
        if let id = Identifier(endpoint) {
            for app in try await store.apps() {
                if let webhook = try await store.webhook(id, of: app) { return (webhook, app) }
            }
        }
        throw unknown
    }

    /// Removes the endpoint, also one that does not open.
    func remove(_ options: ServiceDatabaseOptions) async throws -> AdministrationOutcome {
        let opened = try await OpenedStore.open(options)
        defer { opened.close() }
        if let id = Identifier(endpoint) {
            for app in try await opened.store.apps() {
                let outcome = try await opened.store.removeWebhook(
                    id,
                    of: app,
                    context: .byOperator
                )
                if let outcome { return outcome }
            }
        }
        throw unknown
    }

    private var unknown: CommandError {
        CommandError("There is no endpoint \(endpoint); token-ledger webhook list shows all.")
    }

    /// What was asked for, if it was.
    static func asked<Asked>(_ ask: WebhookAsk<Asked>) throws -> Asked {
        switch ask {
        case .asked(let asked): return asked
        case .gone: throw conflict
        case .full: throw full
        }
    }

    /// Opens the database as the service does, and lends the endpoint.
    func lend(
        _ options: ServiceDatabaseOptions,
        _ body: (LedgerStore, StoredWebhook, StoredApp) async throws -> Void
    ) async throws {
        let opened = try await OpenedStore.open(options)
        defer { opened.close() }
        let (webhook, app) = try await webhook(opened.store)
        try await body(opened.store, webhook, app)
    }
}

/// What can be said of an endpoint when it is added or updated.
struct WebhookOptions: ParsableArguments {
    @Option(
        name: .customLong("type"),
        help: ArgumentHelp("Only events of this type; repeatable, or all.", valueName: "type")
    )
    var types: [String] = []

    @Flag(
        name: .customLong("client-user-id"),
        inversion: .prefixedNo,
        help: "Name the user by your own id in what is sent, rather than by the pseudonym alone."
    )
    var namesUser: Bool?

    @Option(help: "What people call the endpoint; it does not stand in the log.")
    var label: String?

    /// All that was said, with the URL.
    func order(_ url: String?, _ addresses: WebhookAddresses) throws -> WebhookOrder {
        var order = WebhookOrder()
        do {
            if let url { try order.setURL(url, addresses) }
            if !types.isEmpty { try order.setTypes(types == ["all"] ? [] : types) }
            if let label { try order.setLabel(label) }
        } catch {
            throw CommandError("\(error)")
        }
        order.change.namesUser = namesUser
        return order
    }
}

extension Terminal {
    /// Writes a result that somebody else spells.
    static func result(_ body: (inout JSONWriter) -> Void) {
        var writer = JSONWriter()
        body(&writer)
        result(String(decoding: writer.bytes, as: UTF8.self))
    }
}
