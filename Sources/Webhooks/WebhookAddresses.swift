package import Ledger

/// To which addresses webhooks may go: to public ones over TLS, and to networks that the operator has
/// named (docs/threats.md#t36).
package struct WebhookAddresses: Sendable {
    /// Why nothing is sent there.
    package enum Refusal: Error, Equatable, CustomStringConvertible {
        case address
        case notSecure

        package var description: String {
            switch self {
            case .address:
                "its address is private, local or reserved, and the operator has not named its "
                    + "network (webhookNetworks)"
            case .notSecure:
                "it must begin with https://, unless the operator has named its network "
                    + "(webhookNetworks)"
            }
        }
    }

    /// Networks of the operator's own: these may be private, and need no TLS.
    private let networks: [IPNetwork]

    /// Only public addresses, and these networks.
    package init(networks: [IPNetwork] = []) {
        self.networks = networks
    }

    /// Refuses what can be refused without looking up the host's name.
    package func check(_ url: WebhookURL) throws(Refusal) {
        if let address = IPAddress(url.host) {
            try check(address, url)
        } else {
            guard url.isSecure || !networks.isEmpty else { throw .notSecure }
            let isLocal = url.host == "localhost" || url.host.hasSuffix(".localhost")
            guard
                !isLocal
                    || networks.contains(where: { network in
                        Self.loopback.map(network.contains) == true
                    })
            else {
                throw .address
            }
        }
    }

    /// Refuses an address to which a URL's host leads.
    func check(_ address: IPAddress, _ url: WebhookURL) throws(Refusal) {
        guard !networks.contains(where: { $0.contains(address) }) else { return }
        guard Self.isPublic(address) else { throw .address }
        guard url.isSecure else { throw .notSecure }
    }

    private static let loopback = IPAddress("127.0.0.1")

    /// Whether an address is one of the Internet (IANA's registries of special-purpose addresses).
    private static func isPublic(_ address: IPAddress) -> Bool {
        switch address.family {
        case .version4: !reserved.contains { $0.contains(address) }
        // The rest of IPv6 is not given out, local, or a way to write an IPv4 address.
        case .version6: global.contains(address) && !reserved.contains { $0.contains(address) }
        }
    }

    private static let global = network("2000::/3")

    private static let reserved = [
        // This network, private ones, those of carriers, this machine, this link.
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.168.0.0/16",
        // Protocols, documentation, relays, benchmarks.
        "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24",
        // Groups, and what was never given out.
        "224.0.0.0/4", "240.0.0.0/4",
        // Protocols, Teredo and 6to4, which lead to IPv4 addresses, and documentation.
        "2001::/23", "2002::/16", "2001:db8::/32", "3fff::/20",
    ].map(network)

    private static func network(_ text: String) -> IPNetwork {
        do {
            return try IPNetwork(text)
        } catch {
            preconditionFailure("\(text) is a network.")
        }
    }
}
