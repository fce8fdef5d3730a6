import Hummingbird
import Wire

/// What the popup asks the provider while it is open.
///
/// The paths are ours (docs/provider.md#unknown-11).
struct SessionRoutes {
    let provider: SandboxProvider
    let log: RequestLog

    func add(to router: Router<SandboxContext>) {
        let group = router.group("/v1/connect/sessions/:session")
        group.get { try await poll($0, $1) }
        group.post("finish") { try await finish($0, $1) }
        group.post("close") { try await close($0, $1) }
        group.post("sources/:source") { try await connect($0, $1) }
        group.delete("sources/:source") { try await disconnect($0, $1) }
    }

    private func poll(_ request: Request, _ context: SandboxContext) async throws -> Response {
        let token = try context.path("session")
        let session = try await provider.read { (state, now) throws(SandboxRefusal) in
            try state.openSession(token, now: now)
        }
        log.update(context.logNumber) { $0.clientUserID = session.clientUserID }
        return Response(["status": "open", "mode": .string(session.mode.rawValue)])
    }

    private func connect(_ request: Request, _ context: SandboxContext) async throws -> Response {
        let token = try context.path("session")
        let source = try context.path("source")
        let answer = try await provider.change { (state, now) throws(SandboxRefusal) -> JSONValue in
            guard let finished = try state.connect(source, in: token, now: now) else {
                return ["connected": .string(source)]
            }
            return FinishWording(state).finish(finished, more: true)
        }
        return Response(answer)
    }

    private func disconnect(
        _ request: Request,
        _ context: SandboxContext
    ) async throws -> Response {
        let token = try context.path("session")
        let source = try context.path("source")
        try await provider.change { (state, now) throws(SandboxRefusal) in
            try state.disconnect(source, in: token, now: now)
        }
        return Response(["disconnected": .string(source)])
    }

    private func finish(_ request: Request, _ context: SandboxContext) async throws -> Response {
        let token = try context.path("session")
        let answer = try await provider.change { (state, now) throws(SandboxRefusal) -> JSONValue in
            switch try state.finish(token, now: now) {
            case .finished(let session): FinishWording(state).finish(session, more: false)
            case .closed(let session): Self.closed(session)
            }
        }
        return Response(answer)
    }

    private func close(_ request: Request, _ context: SandboxContext) async throws -> Response {
        let token = try context.path("session")
        let session = try await provider.change { (state, now) throws(SandboxRefusal) in
            try state.close(token, now: now)
        }
        return Response(Self.closed(session))
    }

    private static func closed(_ session: SandboxSession) -> JSONValue {
        ["closed": true, "redirect": session.redirects.close.map { .string($0) } ?? .null]
    }
}
