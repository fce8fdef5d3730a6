import Crypto
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle
import Wire

/// The two endpoints of user.humanapi.co (docs/provider.md#the-tokens-endpoint,
/// docs/provider.md#the-publictokens-endpoint).
struct TokenRoutes {
    let provider: SandboxProvider
    let log: RequestLog

    func add(to router: Router<SandboxContext>) {
        router.post("/v1/connect/tokens") { try await tokens($0, $1) }
        router.post("/v1/connect/publictokens") { try await publicTokens($0, $1) }
        for path in ["/v1/connect/tokens", "/v1/connect/publictokens"] {
            router.on(RouterPath(path), method: .options) { _, _ in try await preflight() }
        }
    }

    private struct Credentials: Sendable {
        var humanID: String
        var clientID: String
        var clientSecret: String

        init(_ fields: RequestFields) throws(SandboxRefusal) {
            humanID = try fields.required("humanId")
            clientID = try fields.required("clientId")
            clientSecret = try fields.required("clientSecret")
        }
    }

    private func tokens(_ request: Request, _ context: SandboxContext) async throws -> Response {
        let fields = try await RequestFields(request)
        let credentials = try Credentials(fields)
        let sessionToken = try fields.required("sessionToken")
        await note(credentials, sessionToken: sessionToken, context)
        let made = try await provider.change {
            (state, now) throws(SandboxRefusal) -> (ExchangeResult, SandboxBehaviour?)? in
            try state.checkSecret(
                clientID: credentials.clientID,
                clientSecret: credentials.clientSecret
            )
            let user = try state.user(
                humanID: credentials.humanID,
                clientID: credentials.clientID
            )
            let behaviour = state.behaviour(of: user.clientUserID)
            guard behaviour != .denied else { throw .denied }
            guard behaviour != .exchangeBlocked else { return nil }
            if behaviour == .exchange500Once, state.failedOnce.insert(sessionToken).inserted {
                throw .failedOnPurpose
            }
            let result = try state.exchange(
                sessionToken: sessionToken,
                humanID: credentials.humanID,
                clientID: credentials.clientID,
                now: now
            )
            return (result, behaviour)
        }
        guard let (result, behaviour) = made else { return Self.blocked }
        log.update(context.logNumber) { entry in
            entry.exchange?.acted = !result.repeated
            entry.exchange?.repeated = result.repeated
        }
        return try await answer(result, behaviour, context)
    }

    /// What a firewall says in the provider's place.
    private static let blocked = Response(
        status: .forbidden,
        headers: [.contentType: "text/html"],
        body: ResponseBody(byteBuffer: ByteBuffer(string: "<html><h1>Forbidden</h1></html>"))
    )

    private func note(
        _ credentials: Credentials,
        sessionToken: String,
        _ context: SandboxContext
    ) async {
        let clientUserID = await provider.clientUserID(ofHuman: credentials.humanID)
        let exchange = RequestLog.Exchange(
            clientID: credentials.clientID,
            sessionTokenHash: Self.hash(sessionToken),
            humanIDHash: Self.hash(credentials.humanID)
        )
        log.update(context.logNumber) { entry in
            entry.clientUserID = clientUserID
            entry.exchange = exchange
        }
    }

    static func hash(_ text: String) -> String {
        Hexadecimal.encode(SHA256.hash(data: Array(text.utf8)))
    }

    private func answer(
        _ result: ExchangeResult,
        _ behaviour: SandboxBehaviour?,
        _ context: SandboxContext
    ) async throws -> Response {
        var members: [JSONValue.Member] = [
            .init("humanId", .string(result.user.humanID)),
            .init("accessToken", .string(result.grant.accessToken)),
            .init("publicToken", .string(result.grant.publicToken)),
            .init("clientId", .string(result.user.clientID)),
            .init("clientUserId", .string(result.user.clientUserID)),
        ]
        switch behaviour {
        case .exchangeWrongHuman: members[0].value = .string(RandomText.hex(32))
        case .exchangeWrongUser: members[4].value = "somebody-else@example.com"
        case .exchangeMissingField: members.remove(at: 1)
        case .slow: try await pause(SandboxLimits.slowTime)
        case .exchangeTimeout:
            // Also at the sandbox's own end there is no answer.
            try? await pause(SandboxLimits.hangTime)
            try await context.channel.close()
        case .exchangeReset: try await context.channel.close()
        case .exchangeTruncated: return truncated(.object(members))
        default: break
        }
        return await withCrossOrigin(Response(.object(members)))
    }

    /// Waits, but not when the sandbox is to stop.
    private func pause(_ time: Duration) async throws {
        try await cancelWhenGracefulShutdown { try await Task.sleep(for: time) }
    }

    private struct EndedOnPurpose: Error {}

    /// Announces the whole answer, sends half of it, and lets the connection break.
    private func truncated(_ json: JSONValue) -> Response {
        let bytes = json.encoded
        let half = ByteBuffer(bytes: bytes.prefix(bytes.count / 2))
        let body = ResponseBody(contentLength: bytes.count) { writer in
            try await writer.write(half)
            throw EndedOnPurpose()
        }
        return Response(status: .ok, headers: [.contentType: "application/json"], body: body)
    }

    private func publicTokens(
        _ request: Request,
        _ context: SandboxContext
    ) async throws -> Response {
        let credentials = try Credentials(try await RequestFields(request))
        let user = try await provider.change { (state, now) throws(SandboxRefusal) in
            try state.checkSecret(
                clientID: credentials.clientID,
                clientSecret: credentials.clientSecret
            )
            let user = try state.publicToken(
                humanID: credentials.humanID,
                clientID: credentials.clientID,
                now: now
            )
            guard state.behaviour(of: user.clientUserID) != .publicTokens500 else {
                throw .failedOnPurpose
            }
            return user
        }
        log.update(context.logNumber) { $0.clientUserID = user.clientUserID }
        return await withCrossOrigin(
            Response(
                ["humanId": .string(user.humanID), "publicToken": .string(user.publicToken)])
        )
    }

    private func withCrossOrigin(_ response: Response) async -> Response {
        guard await provider.switches.corsOnTokens else { return response }
        var response = response
        response.headers[.accessControlAllowOrigin] = "*"
        return response
    }

    private func preflight() async throws -> Response {
        guard await provider.switches.corsOnTokens else { throw SandboxRefusal.notFound }
        return Response(
            status: .noContent,
            headers: [
                .accessControlAllowOrigin: "*",
                .accessControlAllowMethods: "POST",
                .accessControlAllowHeaders: "Content-Type, Accept",
            ]
        )
    }
}
