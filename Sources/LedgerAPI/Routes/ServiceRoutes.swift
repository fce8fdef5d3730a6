internal import HTTPTypes
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import NIOCore
internal import Wire

/// What tells about the service itself.
struct ServiceRoutes: Sendable {
    let store: LedgerStore
    let integrator: Integrator

    func add(to router: Router<LedgerRequestContext>) {
        router.get("/livez") { _, _ in Self.ok() }
        router.get("/readyz") { _, _ in
            do {
                try await store.ping()
            } catch {
                throw LedgerError(error)
            }
            if let alarm = integrator.alarm { throw LedgerError.historyMismatch(alarm) }
            return Self.ok(warning: integrator.witnessOutage)
        }
        router.get("/openapi.yaml") { _, _ in
            Response(
                status: .ok,
                headers: [.contentType: "application/yaml", .cacheControl: "max-age=3600"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: PackageResources.openapi_yaml))
            )
        }
    }

    /// `warning` is what somebody should look at, although requests are served.
    private static func ok(warning: String? = nil) -> Response {
        var writer = JSONWriter()
        writer.open()
        writer.member("status", "ok")
        if let warning { writer.member("warning", warning) }
        writer.close()
        return .json(.ok, writer)
    }
}
