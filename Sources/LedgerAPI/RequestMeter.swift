internal import HTTPTypes
internal import Measures
internal import Synchronization

/// How long requests took, by method, route and status, for metrics.
///
/// The name and the labels are those of OpenTelemetry's conventions for HTTP servers, as Prometheus
/// spells them. All labels come from closed lists: a path may hold a user's id, and a method may be
/// any word.
final class RequestMeter: Sendable {
    private struct Key: Hashable {
        let method: String
        let route: String
        let status: Int
    }

    /// What stands for every path that is no route.
    private static let noRoute = "none"
    /// What stands for every other method (OpenTelemetry's `_OTHER`).
    private static let otherMethod = "_OTHER"
    private static let methods: [HTTPRequest.Method] = [
        .get, .head, .post, .put, .patch, .delete, .options, .trace, .connect,
    ]

    private let times = Mutex<[Key: Histogram]>([:])

    /// Takes a request that is answered; `route` is the pattern of its path, nil where there is none.
    func note(
        _ method: HTTPRequest.Method,
        route: String?,
        _ status: HTTPResponse.Status,
        _ time: Duration
    ) {
        let key = Key(
            method: Self.known(method),
            route: Self.known(route),
            status: status.code
        )
        let histogram = times.withLock { times in
            if let histogram = times[key] { return histogram }
            let histogram = Histogram(.requestTimes)
            times[key] = histogram
            return histogram
        }
        histogram.record(time)
    }

    /// The framework names what leads to no route, in words of its own.
    static func known(_ route: String?) -> String {
        guard let route, route.hasPrefix("/") else { return noRoute }
        return route
    }

    /// A method may be any word, and so a name or a token.
    static func known(_ method: HTTPRequest.Method) -> String {
        methods.contains(method) ? method.rawValue : otherMethod
    }

    /// Adds all of it.
    func fill(_ page: inout MetricPage) {
        page.name(.requestTimes)
        for (key, histogram) in times.withLock({ $0 }) {
            let labels: MetricPage.Labels = [
                "http_request_method": key.method, "http_route": key.route,
                "http_response_status_code": "\(key.status)",
            ]
            page.add(.requestTimes, histogram, labels)
        }
    }
}

extension MetricFamily {
    fileprivate static let requestTimes = histogram(
        "http_server_request_duration_seconds",
        "How long requests took until their answer began, by method, pattern of the path and status"
    )
}
