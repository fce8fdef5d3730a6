internal import AsyncHTTPClient
internal import BoundedClient
internal import Foundation
internal import NIOHTTP1
internal import Synchronization
internal import Wire

/// A backend's client for Token Ledger: launches, finishes, tokens and events of one app.
///
/// Make one for each API key, keep it, and end it with `shutdown()`. It does not follow redirects, checks
/// certificates against those that the system trusts, and keeps tokens in memory only.
public final class LedgerClient: Sendable {
    /// The origin, without a slash at its end.
    private let origin: String
    private let key: SecretValue
    let http: HTTPClient
    let cache = Mutex(TokenCache(usersMax: ClientLimits.usersRememberedMax))
    let flights = TokenFlights()

    /// Makes a client; nothing is sent yet.
    ///
    /// - Parameters:
    ///   - url: where the service is, such as `https://ledger.example.com`; `http://` for this machine only.
    ///   - key: an API key of the app, with the scopes of the calls that are made.
    /// - Throws: `malformedAddress`, `malformedKey`
    public init(url: String, key: String) throws(LedgerClientError) {
        guard let origin = Self.origin(url) else { throw .malformedAddress }
        guard !key.isEmpty, key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .malformedKey
        }
        self.origin = origin
        self.key = SecretValue(key)
        http = HTTPClient(
            eventLoopGroupProvider: .singleton,
            configuration: .bounded(
                connectTimeMax: ClientLimits.connectTimeMax,
                totalTimeMax: ClientLimits.silenceMax
            )
        )
    }

    /// Closes the connections; calls under way fail, and further ones too.
    public func shutdown() async {
        // Ending it twice is no error to whoever is rid of it.
        try? await http.shutdown()
    }

    private static func origin(_ url: String) -> String? {
        guard let parts = URLComponents(string: url), let host = parts.host, !host.isEmpty,
            parts.user == nil, parts.password == nil, parts.query == nil, parts.fragment == nil,
            ["", "/"].contains(parts.path)
        else { return nil }
        let isLocal = ["localhost", "127.0.0.1", "::1", "[::1]"].contains(host.lowercased())
        guard parts.scheme == "https" || parts.scheme == "http" && isLocal else { return nil }
        return url.hasSuffix("/") ? String(url.dropLast()) : url
    }

    /// Where a call goes.
    func address(_ path: String) -> String { origin + path }

    /// Who calls; the one place where the key is used.
    var authorization: HTTPHeaders { ["Authorization": "Bearer " + key.exposed] }

    /// The path of what belongs to a user; two ids have two paths.
    static func path(of clientUserID: String, _ rest: String) -> String {
        "/v1/users/" + PercentCoding.encode(clientUserID, keeping: .unreserved) + rest
    }

    /// Calls, and once more where the connection was lost.
    func answer(
        _ method: HTTPMethod,
        _ path: String,
        headers: HTTPHeaders = [:],
        body: [UInt8]? = nil
    ) async throws(LedgerClientError) -> HTTPAnswer {
        var request = HTTPClientRequest(url: address(path))
        request.method = method
        request.headers = authorization
        request.headers.add(contentsOf: headers)
        if let body { request.body = .bytes(body) }
        let call = BoundedCall(
            request,
            timeMax: ClientLimits.callTimeMax,
            answerBytesMax: ClientLimits.answerBytesMax
        )
        for _ in 0..<ClientLimits.triesMax {
            switch await call.outcome(over: http) {
            case .answered(let answer): return answer
            case .tooLarge: throw .foreignAnswer(status: 200)
            case .gaveUp: throw Task.isCancelled ? .cancelled : .timedOut
            case .failed: if Task.isCancelled { throw .cancelled }
            }
        }
        throw .unreachable
    }

    /// Posts JSON, and gives the answer if it has the status of success.
    func post(
        _ path: String,
        _ body: JSONValue,
        headers: HTTPHeaders = [:],
        success: Int
    ) async throws(LedgerClientError) -> HTTPAnswer {
        var headers = headers
        headers.add(name: "Content-Type", value: "application/json")
        let answer = try await answer(.POST, path, headers: headers, body: body.encoded)
        guard answer.status == success else { throw Self.failure(answer) }
        return answer
    }

    /// What an answer without success says.
    static func failure(_ answer: HTTPAnswer) -> LedgerClientError {
        failure(answer.status, answer.headers, answer.body)
    }

    /// What an answer of such parts says.
    static func failure(
        _ status: Int,
        _ headers: HTTPHeaders,
        _ body: [UInt8]
    ) -> LedgerClientError {
        LedgerProblem(status, headers, body).map { .problem($0) } ?? .foreignAnswer(status: status)
    }

    /// The JSON of an answer.
    static func json(_ answer: HTTPAnswer) throws(LedgerClientError) -> JSONValue {
        do {
            return try JSONParser.parse(answer.body, depthMax: ClientLimits.jsonDepthMax)
        } catch {
            throw .foreignAnswer(status: answer.status)
        }
    }
}

extension LedgerClient: CustomStringConvertible, CustomReflectable {
    /// Where it calls; not with which key.
    public var description: String { "client of \(origin)" }
    /// Nothing to look at.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
