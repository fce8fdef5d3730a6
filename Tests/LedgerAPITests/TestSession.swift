import Crypto
import Wire

/// A session of an app's own, with the verifier that its backend keeps in it.
struct TestSession: Sendable {
    let verifier: String

    init() {
        verifier = Base64.url.encode((0..<32).map { _ in UInt8.random(in: .min ... .max) })
    }

    var challenge: String { Base64.url.encode(Array(SHA256.hash(data: Array(verifier.utf8)))) }
}

extension TestService {
    /// What the backend of a session says of a finish that its page was answered with.
    func confirm(
        _ launch: ServedLaunch,
        _ session: TestSession?,
        code: String?
    ) async throws -> TestAnswer {
        var members: [JSONValue.Member] = []
        if let session { members.append(.init("session_verifier", .string(session.verifier))) }
        if let code { members.append(.init("finish_code", .string(code))) }
        return try await post(
            "/v1/launches/\(launch.id)/confirm",
            String(decoding: JSONValue.object(members).encoded, as: UTF8.self)
        )
    }

    /// Forwards what a page of a session was handed.
    func relay(
        _ object: String,
        _ launch: ServedLaunch,
        _ session: TestSession?
    ) async throws -> TestAnswer {
        let shown = session.map { ",\"session_verifier\":\"\($0.verifier)\"" } ?? ""
        return try await post(
            "/v1/launches/\(launch.id)/finish",
            String(object.dropLast()) + shown + "}"
        )
    }
}
