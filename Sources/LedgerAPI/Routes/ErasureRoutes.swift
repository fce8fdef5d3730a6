internal import HTTPTypes
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import NIOCore
internal import Vault

/// `DELETE /v1/users/{client_user_id}`: everything that is kept of a user goes.
struct ErasureRoutes: Sendable {
    let store: LedgerStore
    let eraser: Eraser

    func add(to router: Router<LedgerRequestContext>) {
        router.delete("/v1/users/:client_user_id") { try await erase($0, $1) }
    }

    private func erase(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let caller = try await Caller(request, context, scope: .erase, store: store)
        _ = try Query(request, keys: [])
        let erasure = try await eraser.erase(
            try ClientUserID.parse(try context.pathParameter("client_user_id")),
            of: caller.app,
            idempotencyKey: try request.idempotencyKey(for: "erase"),
            context: context.recordContext(key: caller)
        )
        var response = Response(
            status: .ok,
            headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: erasure.encoded))
        )
        if case .recorded = erasure {
            response.status = .accepted
            response.headers[.location] = "/v1/events/\(erasure.position)/proof"
        }
        return response
    }
}
