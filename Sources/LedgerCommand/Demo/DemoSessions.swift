import HTTPTypes
import Hummingbird
import Synchronization
import Vault
import Wire

/// The demo page's own sessions, with the verifiers of their launches.
///
/// A real page has sessions already, which know their users; these are kept in memory.
final class DemoSessions: Sendable {
    /// Beyond these bounds the oldest ones are forgotten.
    private static let sessionsMax = 1_000
    private static let launchesMax = 16
    private static let cookie = "token_ledger_demo"

    private struct Session {
        let id: String
        var verifiers: [(launch: String, verifier: String)] = []
    }

    /// The oldest first.
    private let sessions = Mutex<[Session]>([])

    /// A verifier for one launch.
    static func newVerifier() -> String { random() }

    /// Keeps the verifier of a launch in the session of a request, which may be a new one; gives the
    /// cookie that names it.
    func keep(_ verifier: String, of launch: String, _ request: Request) -> String {
        let id = Self.id(of: request) ?? Self.random()
        sessions.withLock { sessions in
            let known = sessions.firstIndex { $0.id == id }.map { sessions.remove(at: $0) }
            var session = known ?? Session(id: id)
            session.verifiers.append((launch, verifier))
            session.verifiers = session.verifiers.suffix(Self.launchesMax)
            sessions.append(session)
            if sessions.count > Self.sessionsMax { sessions.removeFirst() }
        }
        return "\(Self.cookie)=\(id); Path=/; HttpOnly; SameSite=Strict"
    }

    /// The verifier that the session of a request has for a launch; nil for another's launch.
    func verifier(of launch: String, _ request: Request) -> String? {
        guard let id = Self.id(of: request) else { return nil }
        return sessions.withLock { sessions in
            sessions.first { $0.id == id }?.verifiers.last { $0.launch == launch }?.verifier
        }
    }

    private static func id(of request: Request) -> String? {
        request.cookies[cookie]?.value
    }

    private static func random() -> String {
        Base64.url.encode((0..<32).map { _ in UInt8.random(in: .min ... .max) })
    }
}
