internal import Foundation
internal import HumanConnectSandbox
internal import Ledger
internal import Logging
internal import NIOHTTP1
internal import Wire

/// The sandbox as the provider of one world, with its own log as second witness.
actor Provider {
    /// An app at the provider.
    struct App: Sendable {
        let clientID: String
        let clientSecret: String
        let appKey: String
        /// Whether the ledger gets the App Key.
        let sharesAppKey: Bool
    }

    nonisolated let apps = [
        App(
            clientID: "campaign",
            clientSecret: "campaign-client-secret-5e5e5e5e5e5e5e5e",
            appKey: "campaign-app-key-a7a7a7a7a7a7a7a7a7a7a7a7",
            sharesAppKey: true
        ),
        App(
            clientID: "keyless",
            clientSecret: "keyless-client-secret-6f6f6f6f6f6f6f6f6f",
            appKey: "keyless-app-key-b8b8b8b8b8b8b8b8b8b8b8b8b8",
            sharesAppKey: false
        ),
    ]
    /// Where it listens.
    private(set) var port = 0
    private var task: Task<Void, any Error>?
    private var requests: [Int: JSONValue] = [:]

    private static let timeMax = Duration.seconds(30)
    private static let looksMax = 3

    /// Lends a provider that listens.
    static func run<Value: Sendable>(
        _ body: (Provider) async throws -> Value
    ) async throws -> Value {
        let provider = Provider()
        try await provider.start()
        do {
            let value = try await body(provider)
            await provider.stop()
            return value
        } catch {
            await provider.stop()
            throw error
        }
    }

    private func start() async throws {
        let configuration = SandboxConfiguration(
            apps: apps.map { app in
                SandboxApp(
                    clientID: app.clientID,
                    clientSecret: Secret(app.clientSecret),
                    appKey: Secret(app.appKey),
                    name: app.clientID
                )
            }
        )
        let (ports, reportPort) = AsyncStream<Int>.makeStream()
        let sandbox = try Sandbox(
            configuration: configuration,
            logger: Logger(label: "sandbox") { _ in SwiftLogNoOpLogHandler() }
        ) { reportPort.yield($0) }
        task = Task {
            defer { reportPort.finish() }
            try await sandbox.run()
        }
        for await port in ports {
            self.port = port
            return
        }
        try await task?.value
    }

    private func stop() async {
        task?.cancel()
        _ = await task?.result
    }

    private var url: String { "http://127.0.0.1:\(port)" }
}

// MARK: Popups

extension Provider {
    /// What a person does in the popup.
    enum Act: Sendable {
        /// Connects a source and presses Done, for the so-manieth time.
        case connect(visit: Int)
        /// Looks, and closes it.
        case close
        /// Connects or removes one source, whichever is a change, and presses Done.
        case change
    }

    private static let sources = ["band", "watch", "scale", "clinic", "lab"]
    private static let changed = "glucose"

    /// Opens the popup with a launch's options and plays it to its end.
    func play(
        _ act: Act,
        app: App,
        user: String,
        publicToken: String
    ) async throws -> JournalEntry.PopupEnd {
        var fields: [JSONValue.Member] = [
            .init("client_user_id", .string(user)), .init("client_id", .string(app.clientID)),
            .init("public_token", .string(publicToken)),
        ]
        switch act {
        case .connect(let visit):
            // What is connected already would be no change, so the next visit's is taken away.
            let next = Self.sources[(visit + 1) % Self.sources.count]
            let source = Self.sources[visit % Self.sources.count]
            fields.append(.init("connect", .array([.string(source)])))
            fields.append(.init("disconnect", .array([.string(next)])))
            fields.append(.init("done", true))
        case .close: fields.append(.init("done", false))
        case .change:
            let isThere = try await self.user(user, of: app)?.sources.contains(Self.changed) == true
            fields.append(
                .init(isThere ? "disconnect" : "connect", .array([.string(Self.changed)]))
            )
            fields.append(.init("done", true))
        }
        let answer = try await call(.POST, "/sandbox/sessions", .object(fields))
        if answer.status == 409, let code = answer.json["code"]?.text {
            return .refused(code: code)
        }
        guard answer.status == 200 else {
            throw CampaignError.sandbox(path: "/sandbox/sessions", status: answer.status)
        }
        guard let session = answer.json["sessionToken"]?.text,
            let human = answer.json["humanId"]?.text
        else { return .closed }
        return .finished(session: session, human: human)
    }
}

// MARK: What it knows

extension Provider {
    /// The requests for an exchange that it has seen, oldest first.
    ///
    /// It forgets after ten thousand requests, so this is to be asked after each round.
    func exchanges() async throws -> [ProviderExchange] {
        let answer = try await call(.GET, "/sandbox/requests", nil)
        guard case .array(let entries) = answer.json else {
            throw CampaignError.sandbox(path: "/sandbox/requests", status: answer.status)
        }
        for entry in entries {
            guard case .number(let text) = entry["number"], let number = Int(text) else { continue }
            requests[number] = entry
        }
        guard requests.count == (requests.keys.max() ?? -1) + 1 else {
            throw CampaignError.forgotten
        }
        return requests.sorted { $0.key < $1.key }.compactMap { _, entry in
            guard let exchange = entry["exchange"],
                let session = exchange["session_token_sha256"]?.text
            else { return nil }
            return ProviderExchange(session: session, acted: exchange["acted"] == .bool(true))
        }
    }

    /// A user as it knows him; nil when it does not.
    func user(_ user: String, of app: App) async throws -> ProviderUser? {
        let name = PercentCoding.encode(user, keeping: .unreserved)
        let path = "/sandbox/users/\(app.clientID)/\(name)"
        let answer = try await call(.GET, path, nil)
        guard answer.status == 200 else { return nil }
        guard let human = answer.json["human_id"]?.text,
            let publicToken = answer.json["public_token"]?.text,
            case .array(let tokens) = answer.json["access_tokens"],
            case .array(let sources) = answer.json["sources"]
        else { throw CampaignError.sandbox(path: path, status: answer.status) }
        return ProviderUser(
            human: human,
            publicToken: publicToken,
            accessTokens: tokens.compactMap(\.text),
            sources: sources.compactMap(\.text)
        )
    }

    /// Forgets a user, as it does when an app deletes one.
    func delete(_ user: ProviderUser, of app: App) async throws {
        let path = "/v1/apps/\(app.clientID)/users/\(user.human)"
        let credentials = Base64.standard.encode(Array("\(app.appKey):".utf8))
        let answer = try await call(
            .DELETE,
            path,
            nil,
            headers: ["Authorization": "Basic \(credentials)"]
        )
        guard answer.status < 300 else {
            throw CampaignError.sandbox(path: path, status: answer.status)
        }
    }

    private func call(
        _ method: HTTPMethod,
        _ path: String,
        _ json: JSONValue?,
        headers: [String: String] = [:]
    ) async throws -> LedgerClient.Answer {
        // What only looks may be asked again on a busy machine.
        for _ in 0..<(method == .GET ? Self.looksMax : 1) {
            if let answer = await LedgerClient.call(
                method,
                url + path,
                headers: headers,
                json: json,
                timeMax: Self.timeMax
            ) {
                return answer
            }
        }
        throw CampaignError.sandbox(path: path, status: nil)
    }
}
