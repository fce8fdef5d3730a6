import AsyncHTTPClient
import Foundation
import HumanConnect
import HumanConnectSandbox
import Ledger
import Logging
import NIOCore
import NIOHTTP1
import Synchronization
import Wire

/// A sandbox that listens on a free port, with the calls the tests make.
struct LiveSandbox: Sendable {
    struct Answer: Sendable {
        var status: Int
        var text: String
        var headers: HTTPHeaders

        /// The body as JSON, `null` for anything else.
        var json: JSONValue {
            (try? JSONParser.parse(Array(text.utf8), depthMax: 16)) ?? .null
        }

        subscript(name: String) -> String? { json[name]?.text }
    }

    static let clientID = String(repeating: "c1", count: 20)
    static let clientSecret = String(repeating: "5e", count: 20)
    static let appKey = String(repeating: "a7", count: 20)
    static let otherClientID = String(repeating: "d2", count: 20)

    static let app = SandboxApp(
        clientID: clientID,
        clientSecret: Secret(clientSecret),
        appKey: Secret(appKey),
        name: "Test App"
    )
    static let otherApp = SandboxApp(
        clientID: otherClientID,
        clientSecret: Secret("other"),
        appKey: Secret("other-key"),
        name: "Other App"
    )

    let url: String
    let client: HumanConnectClient
    let provider: ProviderApp

    /// Runs a sandbox while the body runs.
    static func run(
        apps: [SandboxApp] = [app],
        stateFile: String? = nil,
        totalTimeMax: Duration = .seconds(15),
        _ body: @escaping @Sendable (LiveSandbox) async throws -> Void
    ) async throws {
        var configuration = SandboxConfiguration(apps: apps)
        configuration.stateFile = stateFile
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        var logger = Logger(label: "sandbox")
        logger.logLevel = .critical
        let sandbox = try Sandbox(configuration: configuration, logger: logger) { port in
            continuation.yield(port)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { continuation.finish() }
                try await sandbox.run()
            }
            var iterator = ports.makeAsyncIterator()
            guard let port = await iterator.next() else { return try await group.waitForAll() }
            try await use(port: port, totalTimeMax: totalTimeMax, body)
            group.cancelAll()
            while let result = await group.nextResult() {
                if case .failure(let error) = result, !(error is CancellationError) { throw error }
            }
        }
    }

    private static func use(
        port: Int,
        totalTimeMax: Duration,
        _ body: (LiveSandbox) async throws -> Void
    ) async throws {
        var limits = HumanConnectClient.Configuration()
        limits.totalTimeMax = totalTimeMax
        // A loaded machine is slow to connect, and no test is about that limit.
        limits.connectTimeMax = .seconds(30)
        limits.lookTimeMax = .seconds(60)
        // What fails on purpose is no reason to stop calling.
        limits.probePause = .zero
        let client = HumanConnectClient(configuration: limits)
        let url = "http://127.0.0.1:\(port)"
        let result: Result<Void, any Error>
        do {
            let provider = ProviderApp(
                clientID: clientID,
                clientSecret: Secret(clientSecret),
                appKey: Secret(appKey),
                endpoints: try ProviderEndpoints(all: url)
            )
            try await body(LiveSandbox(url: url, client: client, provider: provider))
            result = .success(())
        } catch {
            result = .failure(error)
        }
        try await client.shutdown()
        try result.get()
    }

    func send(
        _ method: HTTPMethod,
        _ path: String,
        _ body: String? = nil,
        contentType: String = "application/json",
        authorization: String? = nil
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: url + path)
        request.method = method
        if let body {
            request.headers.add(name: "Content-Type", value: contentType)
            request.body = .bytes(ByteBuffer(string: body))
        }
        if let authorization { request.headers.add(name: "Authorization", value: authorization) }
        let response = try await Self.browser.execute(request, timeout: .seconds(10))
        let buffer = try await response.body.collect(upTo: 1_000_000)
        return Answer(
            status: Int(response.status.code),
            text: String(buffer: buffer),
            headers: response.headers
        )
    }

    /// As browsers at a redirect's end would be, but it shows the redirect.
    private static let browser: HTTPClient = {
        var configuration = HTTPClient.Configuration.singletonConfiguration
        configuration.redirectConfiguration = .disallow
        return HTTPClient(
            eventLoopGroupProvider: .singleton,
            configuration: configuration
        )
    }()

    func post(_ path: String, _ body: JSONValue) async throws -> Answer {
        try await send(.POST, path, String(decoding: body.encoded, as: UTF8.self))
    }

    /// Plays a popup and gives the raw answer.
    func play(
        _ clientUserID: String,
        publicToken: String? = nil,
        connect: [String] = [],
        disconnect: [String] = [],
        done: Bool = true
    ) async throws -> Answer {
        try await post(
            "/sandbox/sessions",
            [
                "client_user_id": .string(clientUserID),
                "client_id": .string(Self.clientID),
                "public_token": publicToken.map { .string($0) } ?? .null,
                "connect": .array(connect.map { .string($0) }),
                "disconnect": .array(disconnect.map { .string($0) }),
                "done": .bool(done),
            ]
        )
    }

    /// Plays a popup that finishes.
    func finish(
        _ clientUserID: String,
        publicToken: String? = nil,
        connect: [String] = [],
        disconnect: [String] = []
    ) async throws -> SessionTokenObject {
        let answer = try await play(
            clientUserID,
            publicToken: publicToken,
            connect: connect,
            disconnect: disconnect
        )
        return try SessionTokenObject(
            body: Array(answer.text.utf8),
            contentType: "application/json"
        )
    }

    /// What the provider itself holds about a user.
    func facts(_ clientUserID: String) async throws -> Answer {
        let encoded = PercentCoding.encode(clientUserID, keeping: .unreserved)
        return try await send(.GET, "/sandbox/users/\(Self.clientID)/\(encoded)")
    }

    func behave(_ name: String?, for clientUserID: String? = nil) async throws {
        _ = try await post(
            "/sandbox/behaviours",
            [
                "client_user_id": clientUserID.map { .string($0) } ?? .null,
                "behaviour": name.map { .string($0) } ?? .null,
            ]
        )
    }

    /// The entries of the app's list of users, as the client reads them.
    func listed() async throws -> [ListedUser] {
        let users = Mutex<[ListedUser]>([])
        _ = try await client.listUsers(of: provider) { user in users.withLock { $0.append(user) } }
        return users.withLock { $0 }
    }

    /// The humanIds under which the app's list has a user.
    func humanIDs(_ clientUserID: String) async throws -> [Secret] {
        try await listed().compactMap { user in
            guard case .person(let humanID, Secret(clientUserID)) = user else { return nil }
            return humanID
        }
    }
}
