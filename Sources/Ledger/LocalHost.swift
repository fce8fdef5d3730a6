/// The hosts on the way to which nothing leaves the machine, so that it need not be encrypted.
package enum LocalHost {
    /// Whether a host, as URLs have it, is a loopback address or `localhost`.
    ///
    /// A name such as `localhost.example.com` is anybody's. So may be spellings of an address that only
    /// some read as one, such as `127.1`.
    package static func isNamed(_ host: String) -> Bool {
        if host.lowercased() == "localhost" { return true }
        let isInBrackets = host.hasPrefix("[") && host.hasSuffix("]")
        let bare = isInBrackets ? String(host.dropFirst().dropLast()) : host
        return IPAddress(bare)?.isLoopback ?? false
    }
}

extension IPAddress {
    fileprivate var isLoopback: Bool {
        switch family {
        case .version4: bits >> 24 == 127
        case .version6: bits == 1
        }
    }
}
