import Glibc

/// A web origin in the one spelling in which browsers send it (RFC 6454, section 6.2).
///
/// The header is compared byte by byte, so an origin that is written otherwise would never match.
struct WebOrigin: Equatable {
    let text: String
    /// Its host; an IPv6 address stands in brackets.
    let host: String

    /// What is wrong with an origin, in words.
    struct Flaw: Error, Equatable, CustomStringConvertible {
        let description: String
    }

    private static let usualPorts = ["https": 443, "http": 80]
    /// What browsers never send as an origin: pages from them have the origin `null`.
    private static let withoutOrigin = [
        "about", "blob", "data", "file", "javascript", "mailto", "view-source", "ws", "wss",
    ]

    /// Reads an origin, also in other spellings of the same one.
    ///
    /// Beside `https` and `http` there are the schemes of hybrid apps, such as
    /// `capacitor://localhost`.
    init(_ given: String) throws(Flaw) {
        guard given != "null" else {
            throw Flaw("null is no origin: every sandboxed page sends it")
        }
        guard given.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Flaw("names with other letters are written as browsers send them (xn--…)")
        }
        guard let colon = given.firstRange(of: "://") else {
            throw Flaw("an origin is scheme://host or scheme://host:port")
        }
        let scheme = given[..<colon.lowerBound].lowercased()
        guard scheme.first?.isLetter == true,
            scheme.allSatisfy({ $0.isLetter || $0.isNumber || "+-.".contains($0) })
        else { throw Flaw("\(scheme) is no scheme") }
        guard !Self.withoutOrigin.contains(scheme) else {
            throw Flaw("no browser sends an origin of the scheme \(scheme)")
        }
        var rest = given[colon.upperBound...]
        if rest.last == "/" { rest.removeLast() }
        guard !rest.contains(where: { "/?#\\".contains($0) }) else {
            throw Flaw("an origin ends with its host or port, without a path")
        }
        guard !rest.contains("@") else { throw Flaw("an origin names no user") }
        let (name, port) = try Self.split(rest)
        host = try Self.host(name, isWeb: Self.usualPorts[scheme] != nil)
        let isUsual = port == nil || port == Self.usualPorts[scheme]
        text = "\(scheme)://\(host)" + (isUsual ? "" : ":\(port ?? 0)")
    }

    private static func split(_ text: Substring) throws(Flaw) -> (host: String, port: Int?) {
        let end = text.last == "]" ? text.endIndex : text.lastIndex(of: ":") ?? text.endIndex
        let host = String(text[..<end])
        guard end < text.endIndex else { return (host, nil) }
        let digits = text[text.index(after: end)...]
        guard digits.allSatisfy({ $0.isASCII && $0.isNumber }), let port = Int(digits),
            (1...65_535).contains(port)
        else { throw Flaw("the port is a number from 1 to 65535") }
        return (host, port)
    }

    private static func host(_ given: String, isWeb: Bool) throws(Flaw) -> String {
        let host = given.lowercased()
        if host.hasPrefix("[") {
            guard host.hasSuffix("]"),
                let address = IPAddress.version6(String(host.dropFirst().dropLast()))
            else { throw Flaw("\(given) is no IPv6 address") }
            return "[\(address)]"
        }
        guard !host.isEmpty,
            host.utf8.allSatisfy({
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0)
                    || [UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_")].contains($0)
            }),
            !host.hasPrefix("."), !host.contains("..")
        else {
            throw Flaw("\(given) is no host name; wildcards are not possible")
        }
        // A browser writes numbers as an address: 127.1 and 0x7f000001 become 127.0.0.1 there.
        guard isWeb, let last = host.split(separator: ".").last, isNumber(last) else {
            return host
        }
        guard let address = IPAddress.version4(host) else {
            throw Flaw("\(given) is not how an IPv4 address is written")
        }
        return address
    }

    /// Whether a label counts as a number to browsers, also in hexadecimal digits.
    private static func isNumber(_ label: Substring) -> Bool {
        label.allSatisfy(\.isNumber)
            || label.hasPrefix("0x") && label.dropFirst(2).allSatisfy(\.isHexDigit)
    }
}

extension WebOrigin.Flaw {
    fileprivate init(_ description: String) {
        self.description = description
    }
}

/// IP addresses in their usual spelling.
enum IPAddress {
    /// An IPv4 address of four decimal numbers; nil for anything else.
    static func version4(_ text: String) -> String? {
        var address = in_addr()
        guard unsafe inet_pton(AF_INET, text, &address) == 1 else { return nil }
        return unsafe usual(AF_INET, &address)
    }

    /// An IPv4 address as the resolver reads it, which also takes fewer and other numbers: 0 is
    /// every address to it.
    static func asResolved(_ text: String) -> String? {
        var address = in_addr()
        guard unsafe inet_aton(text, &address) != 0 else { return nil }
        return unsafe usual(AF_INET, &address)
    }

    /// An IPv6 address, compressed (RFC 5952); nil for anything else.
    static func version6(_ text: String) -> String? {
        var address = in6_addr()
        guard unsafe inet_pton(AF_INET6, text, &address) == 1 else { return nil }
        return unsafe usual(AF_INET6, &address)
    }

    private static func usual(_ family: Int32, _ address: UnsafeRawPointer) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard unsafe inet_ntop(family, address, &buffer, socklen_t(buffer.count)) != nil else {
            return nil
        }
        return String(
            decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) },
            as: UTF8.self
        )
    }
}
