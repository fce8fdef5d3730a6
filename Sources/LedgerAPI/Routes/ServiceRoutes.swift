internal import HTTPTypes
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import NIOCore
internal import Wire

/// What tells about the service itself.
struct ServiceRoutes: Sendable {
    let readiness: Readiness

    func add(to router: Router<LedgerRequestContext>) {
        router.get("/livez") { _, _ in Self.ok() }
        router.get("/readyz") { _, context in
            let conditions = await readiness.conditions()
            guard let first = conditions.first, first.1 == .blocking else {
                return Self.ok(conditions)
            }
            return Self.notReady(first.0, conditions, requestID: context.requestID)
        }
        router.get(RouterPath(ConnectButton.path)) { request, _ in
            ConnectButton.script.response(to: request)
        }
        router.get("/v1/connect-button.d.ts") { request, _ in
            ConnectButton.types.response(to: request)
        }
        router.get("/openapi.yaml") { _, _ in
            Response(
                status: .ok,
                headers: [.contentType: "application/yaml", .cacheControl: "max-age=3600"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: PackageResources.openapi_yaml))
            )
        }
    }

    /// The conditions are what somebody should look at, although requests are served.
    private static func ok(
        _ conditions: [(ReadinessCondition, ReadinessCondition.Severity)] = []
    ) -> Response {
        var writer = JSONWriter()
        writer.open()
        writer.member("status", "ok")
        write(conditions, &writer)
        writer.close()
        return .json(.ok, writer)
    }

    /// A problem like any other, named after the first condition, with all of them beside it.
    private static func notReady(
        _ first: ReadinessCondition,
        _ conditions: [(ReadinessCondition, ReadinessCondition.Severity)],
        requestID: String
    ) -> Response {
        let problem = Problem(
            .serviceUnavailable,
            first.code,
            "\(first.sentence) \(first.nextStep)",
            retry: .soon
        )
        return problem.response(requestID: requestID) { write(conditions, &$0) }
    }

    private static func write(
        _ conditions: [(ReadinessCondition, ReadinessCondition.Severity)],
        _ writer: inout JSONWriter
    ) {
        guard !conditions.isEmpty else { return }
        writer.key("conditions")
        writer.openArray()
        for (condition, severity) in conditions {
            writer.element()
            writer.open()
            writer.member("code", condition.code)
            writer.member("severity", severity.rawValue)
            writer.member("sentence", condition.sentence)
            writer.member("next_step", condition.nextStep)
            writer.close()
        }
        writer.closeArray()
    }
}
