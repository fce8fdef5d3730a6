internal import ConnectFlow
#if CRASH_POINTS
internal import CrashPoints
#endif
internal import HTTPTypes
internal import HumanConnect
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import NIOCore
internal import Vault
internal import Wire

/// `POST /v1/launches` and the relayed finish.
struct LaunchRoutes: Sendable {
    let store: LedgerStore
    let flows: ConnectFlows
    /// Where callers reach us, without a slash at the end.
    let publicURL: @Sendable () -> String

    func add(to router: Router<LedgerRequestContext>) {
        router.post("/v1/launches") { try await launch($0, $1) }
        router.post("/v1/launches/:launch_id/finish") { request, context in
            try await relayed(request, context) { launch, context in
                let answer = try await flows.finalizer.finish(
                    launch,
                    with: try await SessionTokenObject(request),
                    from: .backend,
                    context: context
                )
                return .answering(answer, launch)
            }
        }
        router.post("/v1/launches/:launch_id/confirm") { request, context in
            try await relayed(request, context) { launch, context in
                let body = try await JSONBody(request, keys: Self.confirmKeys)
                guard let code = try body.string("finish_code") else {
                    throw LedgerError.malformed(
                        "finish_code is missing: the page gets it where it posts the finish."
                    )
                }
                let token = try await flows.finalizer.confirm(
                    launch,
                    verifier: try body.string("session_verifier").map { Secret($0) },
                    code: code,
                    context: context
                )
                return .finished(token)
            }
        }
        router.post("/v1/launches/:launch_id/closed") { request, context in
            try await relayed(request, context) { launch, context in
                try await flows.reports.closed(launch, context: context)
                return .reported("closed", of: launch)
            }
        }
        router.post("/v1/launches/:launch_id/failed") { request, context in
            try await relayed(request, context) { launch, context in
                let code = try await request.failureCode()
                try await flows.reports.failed(launch, code: code, context: context)
                return .reported("failed", of: launch)
            }
        }
    }

    private static let launchKeys: Set = ["client_user_id", "finish", "session_challenge"]
    private static let confirmKeys: Set = ["session_verifier", "finish_code"]

    private func launch(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let caller = try await Caller(request, context, scope: .launch, store: store)
        _ = try Query(request, keys: [])
        let body = try await JSONBody(request, keys: Self.launchKeys)
        let clientUserID = try ClientUserID.parse(try body.string("client_user_id"))
        guard let finish = FinishMode(rawValue: try body.string("finish") ?? "relay") else {
            throw LedgerError.malformed("finish must be \"relay\" or \"direct\".")
        }
        let served = try await flows.launcher.launch(
            Launcher.Request(
                clientUserID: clientUserID,
                finish: finish,
                challenge: try Self.challenge(try body.string("session_challenge")),
                idempotencyKey: try request.idempotencyKey(for: "launch"),
                mayMakeUser: { context.meter.mayMakeUser(key: caller.keyID) }
            ),
            of: caller.app,
            context: context.recordContext(key: caller)
        )
        let link = publicURL() + "/v1/finish/"
        return Self.response(served, clientUserID, caller.app, store.vault, link)
    }

    /// The options go to `HumanConnect.open()` as they are, so the provider's names stand there.
    ///
    /// `finishes` is what the address of a direct finish begins with.
    static func response(
        _ served: Launcher.Served,
        _ clientUserID: Secret,
        _ app: StoredApp,
        _ vault: Vault,
        _ finishes: String
    ) -> Response {
        var writer = JSONWriter()
        writer.open()
        writer.member("launch_id", served.launch.launch)
        writer.member("mode", served.opening.mode.rawValue)
        writer.member("expires_at", served.launch.expiry)
        writer.key("options")
        writer.open()
        // Encoded once: connect.js puts what it is given into its URL as it is
        // (docs/provider.md#option-clientuserid).
        writer.member(
            "clientUserId",
            PercentCoding.encode(clientUserID.exposed, keeping: .component)
        )
        writer.member("clientId", app.clientID)
        writer.member("publicToken", served.opening.publicToken?.exposed ?? "")
        writer.close()
        if case .create(let caution?) = served.opening {
            writer.member("caution", caution.rawValue)
        }
        if served.launch.finish == .direct {
            let token = vault.launchToken(served.launch.launch)
            writer.member("finish_url", finishes + token.exposed)
        }
        writer.close()
        return .json(.created, writer)
    }

    /// What the app's own backend forwards for one of its launches.
    private func relayed(
        _ request: Request,
        _ context: LedgerRequestContext,
        _ body: (Launch, RecordContext) async throws -> Response
    ) async throws -> Response {
        let caller = try await Caller(request, context, scope: .finish, store: store)
        guard let id = Identifier(try context.pathParameter("launch_id")) else {
            throw ConnectError.launchNotFound
        }
        let launch = try await Launch(id, store: store)
        guard launch.app.id == caller.app.id else { throw ConnectError.launchNotFound }
        return try await body(launch, context.recordContext(key: caller))
    }

    private static func challenge(_ text: String?) throws(LedgerError) -> SessionChallenge? {
        guard let text else { return nil }
        guard let challenge = SessionChallenge(text) else {
            throw .malformed(
                "session_challenge must be the SHA-256 of a verifier in base64url: 43 characters."
            )
        }
        return challenge
    }
}

extension Launcher.Opening {
    var mode: LaunchMode {
        switch self {
        case .create: .create
        case .edit: .edit
        }
    }

    fileprivate var publicToken: Secret? {
        switch self {
        case .create: nil
        case .edit(let publicToken): publicToken
        }
    }
}

extension SessionTokenObject {
    /// Reads the body of a finish.
    init(_ request: Request) async throws(LedgerError) {
        let bytes = try await request.bytes(upTo: Self.bodyBytesMax)
        do {
            try self.init(body: bytes, contentType: request.headers[.contentType])
        } catch {
            throw LedgerError(error)
        }
    }
}

extension Request {
    /// The code that a page names for a popup that failed, if it names one.
    ///
    /// Text or number, JSON or form, with whatever else: that a popup failed must not be lost for
    /// the form of its report.
    func failureCode() async throws(LedgerError) -> String? {
        let bytes = try await bytes(upTo: RequestLimits.bodyBytesMax)
        if let json = try? JSONParser.parse(bytes, depthMax: RequestLimits.jsonDepthMax) {
            switch json["code"] {
            case .string(let code), .number(let code): return code
            default: return nil
            }
        }
        return (try? FormFields(bytes))?["code"]
    }
}

extension Response {
    /// A JSON answer.
    static func json(_ status: HTTPResponse.Status, _ writer: JSONWriter) -> Response {
        Response(
            status: status,
            headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: writer.bytes))
        )
    }

    /// That a report of the page is on record.
    static func reported(_ what: String, of launch: Launch) -> Response {
        var writer = JSONWriter()
        writer.open()
        writer.member("launch_id", launch.data.launch)
        writer.member("recorded", what)
        writer.close()
        return .json(.ok, writer)
    }

    /// What a finish has led to; one that is held is told how it is confirmed.
    static func answering(_ answer: Finalizer.Answer, _ launch: Launch) -> Response {
        switch answer {
        case .finished(let publicToken): return .finished(publicToken)
        case .held(let code, let until):
            var writer = JSONWriter()
            writer.open()
            writer.member("launch_id", launch.data.launch)
            writer.member("status", "held")
            writer.member("finish_code", code.exposed)
            writer.member("confirm_before", until)
            writer.close()
            return .json(.accepted, writer)
        }
    }

    /// What every known client of a finish endpoint understands (docs/provider.md#finish-answer).
    static func finished(_ publicToken: Secret) -> Response {
        var writer = JSONWriter()
        writer.open()
        writer.member("publicToken", publicToken.exposed)
        writer.close()
        #if CRASH_POINTS
        CrashPoint.replyUnsent.reach()
        #endif
        return .json(.created, writer)
    }
}
