import BoundedClient
import NIOHTTP1
internal import Wire

extension HTTPHeaders {
    /// Media types in which clients of the provider take JSON (docs/provider.md#the-tokens-endpoint).
    private static let jsonTypes = [
        "application/json", "text/json", "text/javascript", "text/plain",
    ]

    /// Whether the content type is one of them.
    ///
    /// What a proxy or a firewall says in the provider's place is a page of HTML, mostly.
    var sayJSON: Bool {
        let types = self["Content-Type"]
        guard types.count == 1, let type = types[0].split(separator: ";").first else {
            return false
        }
        let name = type.trimmingPrefix { $0 == " " }.lowercased()
        return Self.jsonTypes.contains(String(name.prefix { $0 != " " }))
    }
}

extension HTTPAnswer {
    /// Whether the body is a refusal in the words of the vendor's APIs: an object that has a `code`
    /// or an `error` (docs/provider.md#refusals).
    var isRefusal: Bool {
        guard status != 407, headers.sayJSON, let body = try? AnswerFields.parse(body) else {
            return false
        }
        return ["code", "error"].contains { name in
            switch body[name] {
            case .string(let text): !text.isEmpty
            case .number: name == "code"
            default: false
            }
        }
    }

    /// What the answer tells of the host that gave it.
    var report: CircuitBreaker.Report {
        switch status {
        case 429: return retryAfter.map { .askedOneToWait($0) } ?? .answered
        case 503: return retryAfter.map { .askedToWait($0) } ?? .failed
        case 500...: return .failed
        case 200, 201: return headers.sayJSON ? .answered : .failed
        default: return .answered
        }
    }

    /// `Retry-After` in seconds; a date is not read.
    private var retryAfter: Duration? {
        guard let text = headers.first(name: "Retry-After"), let seconds = Int32(text),
            seconds > 0
        else { return nil }
        return .seconds(seconds)
    }
}

extension HumanConnectError {
    /// What a call that led to no answer tells of the host.
    var report: CircuitBreaker.Report {
        switch self {
        case .notSent(.cancelled), .notSent(.notConfigured), .notSent(.hostIsAway),
            .unknown(.cancelled):
            .abandoned
        case .notSent, .unknown(.timedOut), .unknown(.connectionLost): .failed
        // The host did answer.
        case .rejected, .unknown: .answered
        }
    }
}
