import BoundedServer
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization
import TestSupport

/// A server with a few routes, which counts what reaches them.
final class TestServer: Sendable {
    static let limits = ServerLimits(
        headerBytesMax: 16_384,
        headerFieldsMax: 64,
        idleTimeMax: .seconds(60),
        connectionsMax: 1_000
    )

    let port: Int
    private let counts: Mutex<[String: Int]>

    private init(port: Int) {
        self.port = port
        counts = Mutex([:])
    }

    /// How often a path was asked for.
    func count(_ path: String) -> Int { counts.withLock { $0[path] ?? 0 } }

    /// How it is spoken to.
    enum Line: CaseIterable {
        case open, tls
        /// Over TLS, and callers are asked for certificates.
        case asking

        /// Those that differ in more than the handshake.
        static let allCases = [Line.open, .tls]

        /// By how much a test's limits are longer: a handshake takes its time on a loaded machine.
        var patience: Int { self == .open ? 1 : 4 }
    }

    private struct Context: RequestContext {
        var coreContext: CoreRequestContextStorage
        let channel: any Channel

        init(source: ApplicationRequestContextSource) {
            coreContext = CoreRequestContextStorage(source: source)
            channel = source.channel
        }
    }

    private static func certificate(asksCallers: Bool) async throws -> ServerTLS {
        let made = try await TestCertificate.make()
        return try ServerTLS(
            certificates: Array(made.certificate.utf8),
            key: Array(made.key.utf8),
            asksCallers: asksCallers
        )
    }

    /// Lends a running server.
    static func run(
        door: (any Door)? = nil,
        limits: ServerLimits = limits,
        line: Line = .open,
        _ body: @escaping @Sendable (TestServer) async throws -> Void
    ) async throws {
        let tls = line == .open ? nil : try await certificate(asksCallers: line == .asking)
        let (ports, found) = AsyncStream<Int>.makeStream()
        let server = Mutex<TestServer?>(nil)
        let application = Application(
            router: router { path in
                server.withLock { $0 }?.counts.withLock { $0[path, default: 0] += 1 }
            },
            host: "127.0.0.1",
            port: 0,
            name: "test",
            limits: limits,
            tls: tls,
            door: door,
            onRunning: { found.yield($0) },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        try await withThrowingTaskGroup { group in
            group.addTask { try await application.run() }
            for await port in ports {
                let running = TestServer(port: port)
                server.withLock { $0 = running }
                try await body(running)
                break
            }
            group.cancelAll()
        }
    }

    private static func router(
        _ count: @escaping @Sendable (String) -> Void
    ) -> Router<Context> {
        let router = Router(context: Context.self, options: .autoGenerateHeadEndpoints)
        for path in ["/echo", "/closed"] {
            router.post(RouterPath(path)) { request, _ in
                do {
                    let body = try await request.wholeBody(upTo: 1_000)
                    count(request.uri.path)
                    return Response(
                        status: .ok,
                        body: ResponseBody(byteBuffer: ByteBuffer(bytes: body))
                    )
                } catch BodyError.tooLarge {
                    return Response(status: .contentTooLarge)
                } catch {
                    return Response(status: .badRequest)
                }
            }
        }
        // Answers without a look at the body.
        router.post("/refuse") { _, _ in Response(status: .unauthorized) }
        router.get("/pieces") { _, _ in
            Response(
                status: .ok,
                body: ResponseBody { writer in
                    for piece in ["one", "two", "three"] {
                        try await writer.write(ByteBuffer(string: piece))
                    }
                    try await writer.finish(nil)
                }
            )
        }
        router.get("/late") { _, _ in
            try await Task.sleep(for: .milliseconds(2_500))
            return "late"
        }
        // One answer of so many bytes.
        router.get("/bytes/{count}") { request, context in
            count("/bytes")
            let length = try context.parameters.require("count", as: Int.self)
            return Response(
                status: .ok,
                body: ResponseBody(byteBuffer: ByteBuffer(repeating: 0x61, count: length))
            )
        }
        // So many pieces, as many as are taken.
        router.get("/stream/{count}") { request, context in
            let length = try context.parameters.require("count", as: Int.self)
            return Response(
                status: .ok,
                body: ResponseBody { writer in
                    for _ in 0..<length {
                        try await writer.write(ByteBuffer(repeating: 0x61, count: 65_536))
                        count("/stream")
                    }
                    try await writer.finish(nil)
                }
            )
        }
        addFollow(to: router, count)
        addPage(to: router)
        addCertificate(to: router)
        router.get("/**") { request, _ in
            count(request.uri.path)
            return "got " + request.uri.path + "\n"
        }
        return router
    }

    /// An answer that goes on for a while and says little.
    private static func addFollow(
        to router: Router<Context>,
        _ count: @escaping @Sendable (String) -> Void
    ) {
        router.get("/follow/{count}") { _, context in
            let length = try context.parameters.require("count", as: Int.self)
            return Response(
                status: .ok,
                body: ResponseBody { writer in
                    for _ in 0..<length {
                        try await writer.write(ByteBuffer(string: ":\n"))
                        count("/follow")
                        try await Task.sleep(for: .milliseconds(500))
                    }
                    try await writer.finish(nil)
                }
            )
        }
    }

    /// What the caller has shown.
    private static func addCertificate(to router: Router<Context>) {
        router.get("/certificate") { _, context in
            let shown = await ClientCertificate.shown(on: context.channel)
            return "<\(shown.map { "\($0)" } ?? "none")>"
        }
    }

    /// A page that says itself what it loads and how long it may be kept.
    private static func addPage(to router: Router<Context>) {
        router.get("/page") { _, _ in
            Response(
                status: .ok,
                headers: [
                    .contentSecurityPolicy: "script-src 'self'", .cacheControl: "max-age=1",
                ]
            )
        }
    }
}
