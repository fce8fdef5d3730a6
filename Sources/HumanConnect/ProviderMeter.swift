internal import Measures
internal import Synchronization

/// Which call of the provider's it is, as a route's pattern: the path itself may name a person.
enum ProviderCall: String {
    case exchange = "/v1/connect/tokens"
    case publicToken = "/v1/connect/publictokens"
    case user = "/v1/apps/{client_id}/users/{human_id}"
    case users = "/v1/apps/{client_id}/users"

    var method: String {
        switch self {
        case .exchange, .publicToken: "POST"
        case .user, .users: "GET"
        }
    }
}

/// How long the calls to the provider took, by what was called and what came of it, for metrics.
///
/// The names are those of OpenTelemetry's conventions for HTTP clients, as Prometheus spells them.
final class ProviderMeter: Sendable {
    private struct Key: Hashable {
        let call: ProviderCall
        let status: String
        let error: String
    }

    private let times = Mutex<[Key: Histogram]>([:])

    /// Takes a call that was answered.
    func note(_ call: ProviderCall, _ time: Duration, status: Int) {
        note(Key(call: call, status: Self.known(status), error: ""), time)
    }

    /// Takes a call that was not.
    func note(_ call: ProviderCall, _ time: Duration, _ error: HumanConnectError) {
        note(Key(call: call, status: "", error: error.type), time)
    }

    /// Whoever answers could write any number.
    private static func known(_ status: Int) -> String {
        (100...599).contains(status) ? "\(status)" : "_OTHER"
    }

    private func note(_ key: Key, _ time: Duration) {
        let histogram = times.withLock { times in
            if let histogram = times[key] { return histogram }
            let histogram = Histogram(.requestTimes)
            times[key] = histogram
            return histogram
        }
        histogram.record(time)
    }

    /// Adds all of it.
    func fill(_ page: inout MetricPage) {
        page.name(.callTimes)
        for (key, histogram) in times.withLock({ $0 }) {
            let labels: MetricPage.Labels = [
                "http_request_method": key.call.method, "url_template": key.call.rawValue,
                "http_response_status_code": key.status, "error_type": key.error,
            ]
            page.add(.callTimes, histogram, labels)
        }
    }
}

extension HumanConnectError {
    /// The class of a failed call, from a closed list.
    var type: String {
        switch self {
        case .notSent(.nameLookup): "name_lookup"
        case .notSent(.connectionRefused): "connection_refused"
        case .notSent(.connectTimedOut): "connect_timed_out"
        case .notSent(.tlsFailed): "tls_failed"
        case .notSent(.cancelled), .unknown(.cancelled): "cancelled"
        case .unknown(.timedOut): "timed_out"
        case .unknown(.connectionLost): "connection_lost"
        case .unknown(.answerTooLarge), .unknown(.listTooLong): "answer_too_large"
        case .notSent, .rejected, .unknown: "_OTHER"
        }
    }
}

extension MetricFamily {
    fileprivate static let callTimes = histogram(
        "http_client_request_duration_seconds",
        "How long calls to the provider took, by what was called and what came of it"
    )
}
