import Foundation
import HTTPTypes
import Hummingbird
import Ledger
import Wire

/// The application API and the one data call (docs/provider.md#users-of-an-app,
/// docs/provider.md#the-data-api).
struct ApplicationRoutes {
    let provider: SandboxProvider
    let log: RequestLog

    func add(to router: Router<SandboxContext>) {
        let users = router.group("/v1/apps/:client/users")
        users.get { try await list($0, $1) }
        users.post { try await register($0, $1) }
        users.get(":human") { try await show($0, $1) }
        users.delete(":human") { try await delete($0, $1) }
        router.get("/v1/human/sources") { try await sources($0, $1) }
    }

    /// The app of the path, when the request holds its App Key.
    private func app(_ request: Request, _ context: SandboxContext) async throws -> SandboxApp {
        let clientID = try context.path("client")
        let app = try await provider.read { (state, _) throws(SandboxRefusal) in
            try state.app(clientID)
        }
        guard let header = request.headers[.authorization], header.hasPrefix("Basic "),
            let credentials = Data(base64Encoded: String(header.dropFirst(6))),
            Array(credentials) == Array((app.appKey.exposed + ":").utf8)
        else { throw SandboxRefusal.unknownClient }
        return app
    }

    private func list(_ request: Request, _ context: SandboxContext) async throws -> Response {
        let app = try await app(request, context)
        let list = try await provider.read { (state, _) throws(SandboxRefusal) in
            UserListing(of: app.clientID, in: state)
        }
        return Response(
            status: .ok,
            headers: [.contentType: "application/json; charset=utf-8"],
            body: ResponseBody(asyncSequence: list)
        )
    }

    private func register(_ request: Request, _ context: SandboxContext) async throws -> Response {
        let app = try await app(request, context)
        let clientUserID = try await RequestFields(request).required("externalId")
        let user = try await provider.change { (state, now) throws(SandboxRefusal) in
            try state.register(clientUserID: clientUserID, clientID: app.clientID, now: now)
        }
        log.update(context.logNumber) { $0.clientUserID = clientUserID }
        return Response(user.json, status: .created)
    }

    private func show(_ request: Request, _ context: SandboxContext) async throws -> Response {
        let app = try await app(request, context)
        let humanID = try context.path("human")
        let user = try await provider.read { (state, _) throws(SandboxRefusal) in
            try state.user(humanID: humanID, clientID: app.clientID)
        }
        return Response(user.json)
    }

    private func delete(_ request: Request, _ context: SandboxContext) async throws -> Response {
        let app = try await app(request, context)
        let humanID = try context.path("human")
        try await provider.change { (state, _) throws(SandboxRefusal) in
            let user = try state.user(humanID: humanID, clientID: app.clientID)
            state.delete(user)
        }
        return Response(status: .noContent)
    }

    private func sources(_ request: Request, _ context: SandboxContext) async throws -> Response {
        let query = try request.queryFields()
        let header = request.headers[.authorization] ?? ""
        let token =
            header.hasPrefix("Bearer ") ? String(header.dropFirst(7)) : query["access_token"]
        let owner = try await provider.read { (state, _) throws(SandboxRefusal) in
            token.flatMap { state.owner(ofAccessToken: $0) }
        }
        guard let user = owner else {
            return Response(["error": "invalid_token"], status: .unauthorized)
        }
        log.update(context.logNumber) { $0.clientUserID = user.clientUserID }
        return Response(.array(user.connections.compactMap(Self.json)))
    }

    private static func json(_ connection: SandboxUser.Connection) -> JSONValue? {
        guard let source = try? SandboxSource.named(connection.source) else { return nil }
        let since = connection.connectedAt.formatted(RequestLog.timeStyle)
        return [
            "id": .string(source.id),
            "source": .string(source.id),
            "sourceName": .string(source.name),
            "connectedSince": .string(since),
            "devices": [],
            "historySync": true,
            "syncStatus": ["status": "ok", "details": "", "synchedAt": .string(since)],
            "organization": .null,
            "resync": false,
        ]
    }
}
