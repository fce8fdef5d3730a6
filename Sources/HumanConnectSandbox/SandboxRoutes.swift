import Foundation
import Hummingbird
import Wire

/// What the provider does not have: the sandbox's own page, its log, and scripting.
struct SandboxRoutes {
    let provider: SandboxProvider
    let log: RequestLog
    let pages: SandboxPages
    let publicURL: String?

    func add(to router: Router<SandboxContext>) {
        let group = router.group("/sandbox")
        group.get { request, _ in
            await pages.sandbox(provider.state, base: publicURL ?? base(of: request))
        }
        group.get("state") { _, _ in Response(Self.json(await provider.state)) }
        group.get("requests") { _, _ in Response(log.json) }
        group.get("users/:client/:user") { try await user($0, $1) }
        group.post("sessions") { try await session($0, $1) }
        group.post("behaviours") { try await behaviour($0, $1) }
        group.post("switches") { try await switches($0, $1) }
    }

    /// The address the reader used, for the examples on the page.
    private func base(of request: Request) -> String {
        "http://" + (request.head.authority ?? "127.0.0.1")
    }

    private static func json(_ state: SandboxState) -> JSONValue {
        [
            "apps": .array(
                state.apps.values.sorted { $0.clientID < $1.clientID }.map {
                    ["client_id": .string($0.clientID), "name": .string($0.name)]
                }
            ),
            "sources": .array(
                SandboxSource.all.map {
                    ["id": .string($0.id), "name": .string($0.name), "kind": .string($0.kind)]
                }
            ),
            "behaviours": .array(
                SandboxBehaviour.allCases.map {
                    ["name": .string($0.rawValue), "meaning": .string($0.meaning)]
                }
            ),
            "switches": .object(state.switches.list.map { .init($0.name, $0.value) }),
            "choices": .array(
                SandboxChoice.all.map {
                    ["question": .string($0.question), "choice": .string($0.choice)]
                }
            ),
        ]
    }

    /// A user's current state.
    ///
    /// Values are shown: everything here is invented.
    private func user(_ request: Request, _ context: SandboxContext) async throws -> Response {
        let clientID = try context.path("client")
        let clientUserID = try context.path("user")
        let user = try await provider.read { (state, _) throws(SandboxRefusal) in
            guard let user = state.user(clientID: clientID, clientUserID: clientUserID) else {
                throw .unknownHuman
            }
            return user
        }
        return Response([
            "client_id": .string(user.clientID),
            "client_user_id": .string(user.clientUserID),
            "human_id": .string(user.humanID),
            "user_id": .string(user.userID),
            "public_token": .string(user.publicToken),
            "access_token": user.accessTokens.last.map { .string($0) } ?? .null,
            "access_tokens": .array(user.accessTokens.map { .string($0) }),
            "sources": .array(user.connections.map { .string($0.source) }),
            "created_at": .string(user.createdAt.formatted(RequestLog.timeStyle)),
            "updated_at": .string(user.updatedAt.formatted(RequestLog.timeStyle)),
        ])
    }

    /// Plays a whole popup and answers what the page would be handed.
    private func session(_ request: Request, _ context: SandboxContext) async throws -> Response {
        let fields = try await RequestFields(request)
        let script = try PopupScript(fields)
        log.update(context.logNumber) { $0.clientUserID = script.clientUserID }
        let answer = try await provider.change { (state, now) throws(SandboxRefusal) -> JSONValue in
            try script.play(in: &state, now: now)
        }
        return Response(answer)
    }

    private func behaviour(_ request: Request, _ context: SandboxContext) async throws -> Response {
        let fields = try await RequestFields(request)
        let clientUserID = try fields.optional("client_user_id")
        var behaviour: SandboxBehaviour?
        if let name = try fields.optional("behaviour"), !name.isEmpty {
            guard let known = SandboxBehaviour(rawValue: name) else {
                throw SandboxRefusal.invalid("There is no such behaviour, see /sandbox")
            }
            behaviour = known
        } else if fields["behaviour"] == nil {
            throw SandboxRefusal.missing("behaviour")
        }
        let chosen = behaviour
        try await provider.change { (state, _) throws(SandboxRefusal) in
            guard let clientUserID else {
                state.behaviourOfAll = chosen
                return
            }
            try SandboxState.check(clientUserID: clientUserID)
            guard state.behaviours.count < SandboxLimits.listMax else {
                throw .invalid("Too many behaviours are set")
            }
            state.behaviours[ExactText(clientUserID)] = chosen
        }
        return Response(["behaviour": chosen.map { .string($0.rawValue) } ?? .null])
    }

    private func switches(_ request: Request, _ context: SandboxContext) async throws -> Response {
        let members = try await RequestFields(request).members
        let switches = try await provider.change { (state, _) throws(SandboxRefusal) in
            var switches = state.switches
            for member in members { try switches.set(member.name, to: member.value) }
            state.switches = switches
            return switches
        }
        return Response(.object(switches.list.map { .init($0.name, $0.value) }))
    }
}
