internal import Ledger

/// Where an endpoint is, read strictly: what is checked here is what is connected to later.
///
/// Whatever two readers of URLs could understand differently is refused
/// (docs/decisions/0058-where-webhooks-may-go.md).
package struct WebhookURL: Sendable {
    /// Why a text is no URL of an endpoint.
    package enum Flaw: Error, Equatable, CustomStringConvertible {
        case tooLong
        case notASCII
        case scheme
        case password
        case fragment
        case host
        case spelling
        case port

        package var description: String {
            switch self {
            case .tooLong: "it may have 2048 characters"
            case .notASCII: "it may have visible ASCII characters only; percent-encode others"
            case .scheme: "it must begin with https://"
            case .password: "it must not name a user or password: the signature shows who sends"
            case .fragment: "it must not have a fragment (#): that is never sent"
            case .host: "the host must be a name, an IPv4 address, or an IPv6 address in brackets"
            case .spelling: "an IPv4 address must be four decimal numbers"
            case .port: "the port must be a number from 1 to 65535"
            }
        }
    }

    private static let bytesMax = 2_048
    private static let hostBytesMax = 253

    package let isSecure: Bool
    /// In lower case; an IPv6 address without its brackets.
    package let host: String
    package let port: Int
    /// Path and query.
    let target: String

    /// Reads an absolute http or https URL.
    package init(_ text: String) throws(Flaw) {
        guard text.utf8.count <= Self.bytesMax else { throw .tooLong }
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x5C }) else {
            throw .notASCII
        }
        guard !text.contains("#") else { throw .fragment }
        isSecure = text.hasPrefix("https://")
        guard isSecure || text.hasPrefix("http://") else { throw .scheme }
        let rest = text.dropFirst(isSecure ? 8 : 7)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard !authority.contains("@") else { throw .password }
        let path = rest.dropFirst(authority.count)
        target = (path.hasPrefix("/") ? "" : "/") + path
        (host, port) = try Self.parse(authority.lowercased(), isSecure: isSecure)
    }

    private static func parse(
        _ authority: String,
        isSecure: Bool
    ) throws(Flaw) -> (String, Int) {
        let usual = isSecure ? 443 : 80
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { throw .host }
            let inner = String(authority[..<end].dropFirst())
            guard inner.contains(":"), IPAddress(inner) != nil else { throw .host }
            return (inner, try port(authority[end...].dropFirst(), usual))
        }
        let name = authority.prefix { $0 != ":" }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...hostBytesMax).contains(name.utf8.count),
            labels.allSatisfy({ label in
                (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                    && label.utf8.allSatisfy(isOfName)
            })
        else { throw .host }
        // Some readers take every host whose last part begins with a digit for a number: 2130706433,
        // 0177.0.0.1 and 0x7f.1 are this machine.
        if labels.last?.first?.isNumber == true, IPAddress(String(name)) == nil { throw .spelling }
        return (String(name), try port(authority.dropFirst(name.count), usual))
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x2D || byte == 0x5F
    }

    private static func port(_ text: Substring, _ usual: Int) throws(Flaw) -> Int {
        guard !text.isEmpty else { return usual }
        guard text.first == ":", let port = UInt16(text.dropFirst()), port > 0,
            text.dropFirst() == "\(port)"
        else { throw .port }
        return Int(port)
    }

    /// The URL, made of what was read.
    var text: String {
        let host = host.contains(":") ? "[\(host)]" : host
        return "\(isSecure ? "https" : "http")://\(host):\(port)\(target)"
    }
}
