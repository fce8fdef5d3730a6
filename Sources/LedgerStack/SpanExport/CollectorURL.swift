internal import Foundation
internal import Ledger

/// Where spans are sent: an address of OTLP over HTTP.
package struct CollectorURL: Sendable, Equatable {
    /// As it is called.
    package let text: String

    /// Reads the address that spans are sent to as it is (`OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`); nil
    /// unless it is absolute https, or http on this machine, without user info, query and fragment.
    ///
    /// Credentials belong into headers: an address is shown.
    package init?(_ text: String) {
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            let parts = URLComponents(string: text),
            parts.scheme == "https" || parts.scheme == "http",
            let host = parts.host, !host.isEmpty,
            parts.scheme == "https" || LocalHost.isNamed(host),
            parts.user == nil, parts.password == nil, parts.query == nil, parts.fragment == nil,
            !text.contains("@")
        else { return nil }
        self.text = text
    }

    /// Reads the address of a collector for all signals (`OTEL_EXPORTER_OTLP_ENDPOINT`), of which traces
    /// have `v1/traces`; nil as above.
    package init?(ofAllSignals text: String) {
        guard CollectorURL(text) != nil else { return nil }
        self.init(text + (text.hasSuffix("/") ? "" : "/") + "v1/traces")
    }
}
