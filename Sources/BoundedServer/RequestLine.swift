internal import HTTPTypes

/// The first line of a request: method, target and version, with exactly one space between.
struct RequestLine {
    let method: HTTPRequest.Method
    /// Path and query; `*` for a question about the whole server.
    let path: String
    /// Whether the version is HTTP/1.0.
    let isOld: Bool

    init(_ line: ArraySlice<UInt8>) throws(RequestFlaw) {
        let parts = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw .requestLine }
        // CONNECT is for proxies.
        guard let method = HTTPRequest.Method(String(decoding: parts[0], as: UTF8.self)),
            method != .connect
        else { throw .method }
        self.method = method
        if parts[2].elementsEqual("HTTP/1.1".utf8) {
            isOld = false
        } else if parts[2].elementsEqual("HTTP/1.0".utf8) {
            isOld = true
        } else {
            throw .version
        }
        path = try Self.path(parts[1], method)
    }

    /// The path and query of a target in any form of RFC 9112, section 3.2.
    private static func path(
        _ target: ArraySlice<UInt8>,
        _ method: HTTPRequest.Method
    ) throws(RequestFlaw) -> String {
        if target.elementsEqual("*".utf8), method == .options { return "*" }
        let path = try target.first == UInt8(ascii: "/") ? target : afterAuthority(target)
        guard path.allSatisfy({ CharacterSet.target.has($0) }) else { throw .target }
        let text = String(decoding: path, as: UTF8.self)
        return path.first == UInt8(ascii: "/") ? text : "/" + text
    }

    /// What follows `http://host`, as proxies are asked.
    private static func afterAuthority(
        _ target: ArraySlice<UInt8>
    ) throws(RequestFlaw) -> ArraySlice<UInt8> {
        for scheme in ["http://", "https://"] {
            let count = scheme.utf8.count
            let start = String(decoding: target.prefix(count), as: UTF8.self)
            guard start.lowercased() == scheme else { continue }
            let rest = target.dropFirst(count)
            let end = rest.firstIndex { "/?".utf8.contains($0) } ?? rest.endIndex
            guard HostName.isValid(rest[..<end]) else { throw .target }
            return rest[end...]
        }
        throw .target
    }
}

/// A host with or without a port, as `Host` names it (RFC 3986, section 3.2).
enum HostName {
    static func isValid(_ text: ArraySlice<UInt8>) -> Bool {
        let isDigit = { (byte: UInt8) in (0x30...0x39).contains(byte) }
        var port: ArraySlice<UInt8>
        if text.first == UInt8(ascii: "[") {
            guard let end = text.firstIndex(of: UInt8(ascii: "]")), end > text.startIndex + 1,
                text[..<end].dropFirst().allSatisfy({ CharacterSet.address.has($0) })
            else { return false }
            port = text[(end + 1)...]
        } else {
            let host = text.prefix { $0 != UInt8(ascii: ":") }
            guard !host.isEmpty, host.allSatisfy({ CharacterSet.host.has($0) }),
                hasWholeEscapes(host)
            else { return false }
            port = text.dropFirst(host.count)
        }
        guard let colon = port.popFirst() else { return true }
        guard colon == UInt8(ascii: ":"), port.allSatisfy(isDigit) else { return false }
        return port.isEmpty || UInt16(String(decoding: port, as: UTF8.self)) != nil
    }

    /// Whether two hexadecimal digits follow each percent sign.
    private static func hasWholeEscapes(_ host: ArraySlice<UInt8>) -> Bool {
        host.indices.allSatisfy { index in
            host[index] != UInt8(ascii: "%")
                || host[(index + 1)...].prefix(2).filter { CharacterSet.hexadecimal.has($0) }.count
                    == 2
        }
    }
}

/// Bytes that a part of a request may hold.
struct CharacterSet {
    private static let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    /// `unreserved`, `sub-delims` and escapes of RFC 3986.
    static let host = CharacterSet(letters + "-._~!$&'()*+,;=%")
    /// Path and query.
    static let target = CharacterSet(letters + "-._~!$&'()*+,;=%:@/?")
    /// An IPv6 address.
    static let address = CharacterSet("0123456789abcdefABCDEF:.")
    static let hexadecimal = CharacterSet("0123456789abcdefABCDEF")
    /// A token of RFC 9110, section 5.6.2.
    static let token = CharacterSet(letters + "!#$%&'*+-.^_`|~")

    private let isMember: [Bool]

    private init(_ members: String) {
        var isMember = [Bool](repeating: false, count: 256)
        for byte in members.utf8 { isMember[Int(byte)] = true }
        self.isMember = isMember
    }

    func has(_ byte: UInt8) -> Bool { isMember[Int(byte)] }
}
