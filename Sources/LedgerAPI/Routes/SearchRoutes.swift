internal import HTTPTypes
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import Vault
internal import Wire

/// `POST /v1/tokens/search`: whose was this token, and when.
///
/// The value is posted, never put into a URL: URLs end up in logs.
struct SearchRoutes: Sendable {
    let store: LedgerStore

    func add(to router: Router<LedgerRequestContext>) {
        router.post("/v1/tokens/search") { try await search($0, $1) }
    }

    private func search(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let caller = try await Caller(request, context, scope: .tokensSearch, store: store)
        _ = try Query(request, keys: [])
        let body = try await JSONBody(request, keys: ["token"])
        let matches = try await store.search(
            try Self.token(try body.string("token")),
            of: caller.app,
            context: context.recordContext(key: caller)
        )
        var writer = JSONWriter()
        writer.open()
        writer.key("matches")
        writer.openArray()
        for match in matches {
            writer.element()
            writer.open()
            writer.member("kind", match.holding.kind.rawValue)
            writer.member("version", match.holding.version)
            writer.member("subject", match.user.subject)
            // Who may not read users learns a pseudonym only.
            if caller.has(.usersRead),
                let clientUserID = try store.value(.clientUserID, of: match.user)
            {
                writer.member("client_user_id", clientUserID.exposed)
            }
            writer.member("from", match.holding.from)
            writer.member("until", match.holding.until)
            writer.member("is_current", match.holding.until == nil)
            writer.close()
        }
        writer.closeArray()
        writer.close()
        return .json(.ok, writer)
    }

    private static func token(_ text: String?) throws(LedgerError) -> Secret {
        guard let text else { throw .malformed("token is missing.") }
        guard !text.isEmpty, text.utf8.count <= RequestLimits.tokenBytesMax,
            text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control })
        else {
            throw .malformed(
                "token must have 1 to \(RequestLimits.tokenBytesMax) bytes and no control characters."
            )
        }
        return Secret(text)
    }
}

extension JSONWriter {
    /// A moment of the log, or null.
    fileprivate mutating func member(_ name: StaticString, _ moment: TokenHolding.Moment?) {
        guard let moment else { return null(name) }
        key(name)
        open()
        member("position", moment.position)
        member("time", moment.time)
        close()
    }
}
