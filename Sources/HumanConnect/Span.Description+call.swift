import Foundation
import Traces

/// What a call to the provider is told of, by OpenTelemetry's conventions for HTTP clients.
///
/// The path stands as its pattern: the path itself, and so the URL, may name a person.
extension Span.Description {
    /// A call that was answered.
    static func call(_ call: ProviderCall, at base: String, status: Int) -> Span.Description {
        let isFailed = !(100..<400).contains(status)
        return Span.Description(
            name(call),
            .client,
            attributes(call, base) + [Span.Attribute("http.response.status_code", status)],
            failure: isFailed ? "\(status)" : nil
        )
    }

    /// A call that was not.
    static func call(
        _ call: ProviderCall,
        at base: String,
        _ error: HumanConnectError
    ) -> Span.Description {
        Span.Description(name(call), .client, attributes(call, base), failure: error.type)
    }

    private static func name(_ call: ProviderCall) -> String { "\(call.method) \(call.rawValue)" }

    private static func attributes(_ call: ProviderCall, _ base: String) -> [Span.Attribute] {
        let host = URLComponents(string: base)
        let usualPort = host?.scheme == "https" ? 443 : 80
        return [
            Span.Attribute("http.request.method", call.method),
            Span.Attribute("url.template", call.rawValue),
            Span.Attribute("server.address", host?.host ?? ""),
            Span.Attribute("server.port", host?.port ?? usualPort),
        ]
    }
}
