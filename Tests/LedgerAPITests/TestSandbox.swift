import AsyncHTTPClient
import Foundation
import HumanConnect
import HumanConnectSandbox
import Ledger
import Logging
import NIOCore
import NIOHTTP1
import Wire

/// The sandbox provider on a port of its own, which a test can stop and start again.
actor TestSandbox {
    static let ownApp = SandboxApp(
        clientID: "own-client",
        clientSecret: Secret("own-client-secret-5e5e"),
        appKey: Secret("own-app-key-a7a7"),
        name: "Own App"
    )
    static let foreignApp = SandboxApp(
        clientID: "foreign-client",
        clientSecret: Secret("foreign-client-secret"),
        appKey: Secret("foreign-app-key"),
        name: "Foreign App"
    )

    private let stateFile: String
    private(set) var port = 0
    private var task: Task<Void, any Error>?

    init() {
        stateFile = FileManager.default.temporaryDirectory.path + "/sandbox-\(UUID()).json"
    }

    nonisolated func url(port: Int) -> String { "http://127.0.0.1:\(port)" }

    var url: String { url(port: port) }

    /// Listens on the port of the run before, if there was one.
    func start() async throws {
        var configuration = SandboxConfiguration(apps: [Self.ownApp, Self.foreignApp])
        configuration.stateFile = stateFile
        configuration.port = port
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        let sandbox = try Sandbox(
            configuration: configuration,
            logger: Logger(label: "sandbox") { _ in SwiftLogNoOpLogHandler() }
        ) { continuation.yield($0) }
        task = Task {
            defer { continuation.finish() }
            try await sandbox.run()
        }
        var iterator = ports.makeAsyncIterator()
        guard let port = await iterator.next() else {
            try await task?.value
            throw CancellationError()
        }
        self.port = port
    }

    func stop() async {
        task?.cancel()
        _ = await task?.result
        task = nil
    }

    func remove() async {
        await stop()
        try? FileManager.default.removeItem(atPath: stateFile)
    }
}

extension TestSandbox {
    /// What a popup was told to do.
    struct Popup {
        var connect: [String] = []
        var disconnect: [String] = []
        var done = true
    }

    /// Plays a popup and answers what the page gets: the sessionTokenObject, `closed`, or an error.
    func play(
        _ clientUserID: String,
        publicToken: String,
        _ popup: Popup,
        of app: SandboxApp? = nil
    ) async throws -> TestAnswer {
        try await post(
            "/sandbox/sessions",
            [
                "client_user_id": .string(clientUserID),
                "client_id": .string((app ?? Self.ownApp).clientID),
                "public_token": .string(publicToken),
                "connect": .array(popup.connect.map { .string($0) }),
                "disconnect": .array(popup.disconnect.map { .string($0) }),
                "done": .bool(popup.done),
            ]
        )
    }

    /// What the provider itself holds of a user, nil when it knows none.
    func user(_ clientUserID: String) async throws -> JSONValue? {
        let path =
            "/sandbox/users/\(Self.ownApp.clientID)/\(PercentCoding.encode(clientUserID, keeping: .unreserved))"
        let answer = try await TestAnswer.send(.GET, url + path)
        return answer.status == 200 ? answer.json : nil
    }

    func behave(_ behaviour: SandboxBehaviour?, _ clientUserID: String) async throws {
        _ = try await post(
            "/sandbox/behaviours",
            [
                "client_user_id": .string(clientUserID),
                "behaviour": behaviour.map { .string($0.rawValue) } ?? .null,
            ]
        )
    }

    /// Puts so many invented users before the real ones in the lists of users.
    func listStrangers(_ count: Int) async throws {
        _ = try await post("/sandbox/switches", ["listed_strangers": .number("\(count)")])
    }

    /// How often a list of users was asked for.
    func listRequests() async throws -> Int {
        try await requests("/v1/apps/\(Self.ownApp.clientID)/users").count
    }

    /// How often each path was called, and by whom where that is known.
    func requests(_ path: String, of clientUserID: String? = nil) async throws -> [JSONValue] {
        let answer = try await TestAnswer.send(.GET, url + "/sandbox/requests")
        guard case .array(let entries) = answer.json else { return [] }
        return entries.filter {
            $0["path"]?.text == path
                && (clientUserID == nil || $0["client_user_id"]?.text == clientUserID)
        }
    }

    /// Forgets a user, as the provider does when an app deletes one.
    func delete(_ clientUserID: String) async throws {
        guard let human = try await user(clientUserID)?["human_id"]?.text else { return }
        let credentials = Data((Self.ownApp.appKey.exposed + ":").utf8).base64EncodedString()
        _ = try await TestAnswer.send(
            .DELETE,
            url + "/v1/apps/\(Self.ownApp.clientID)/users/\(human)",
            headers: ["Authorization": "Basic " + credentials]
        )
    }

    private func post(_ path: String, _ body: JSONValue) async throws -> TestAnswer {
        try await TestAnswer.send(
            .POST,
            url + path,
            headers: ["Content-Type": "application/json"],
            body: body.encoded
        )
    }
}
