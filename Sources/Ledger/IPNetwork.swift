/// The addresses that begin with the same bits, as CIDR writes them: `192.0.2.0/24`, `2001:db8::/32`.
package struct IPNetwork: Sendable, Hashable {
    private let address: IPAddress
    /// How many bits are the same.
    private let prefix: Int

    /// Why a text names no network.
    package enum Flaw: Error, Equatable, CustomStringConvertible {
        case notAnAddress
        case notAPrefix(bitsMax: Int)
        /// Bits behind the prefix are set; perhaps another network was meant.
        case hasHostBits(network: String)

        package var description: String {
            switch self {
            case .notAnAddress:
                "it must be an IPv4 or IPv6 address and a prefix, such as 192.0.2.0/24 or "
                    + "2001:db8::/32"
            case .notAPrefix(let bitsMax): "the prefix must be a number from 0 to \(bitsMax)"
            case .hasHostBits(let network):
                "bits behind the prefix are set; the network is \(network)"
            }
        }
    }

    /// Reads CIDR; an address alone is the network of that one address.
    package init(_ text: String) throws(Flaw) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(String(parts[0])) else { throw .notAnAddress }
        let width = address.family.width
        guard parts.count == 2 else {
            self.address = address
            prefix = width
            return
        }
        // 96 bits of `::ffff:192.0.2.0/120` would be counted that the address does not have.
        guard address.family == .version6 || !parts[0].contains(":") else { throw .notAnAddress }
        guard let prefix = Int(parts[1]), "\(prefix)" == parts[1], (0...width).contains(prefix)
        else { throw .notAPrefix(bitsMax: width) }
        let bits = (address.bits >> (width - prefix)) << (width - prefix)
        self.address = IPAddress(address.family, bits: bits)
        self.prefix = prefix
        guard bits == address.bits else { throw .hasHostBits(network: description) }
    }

    /// Whether an address is one of these.
    package func contains(_ other: IPAddress) -> Bool {
        other.family == address.family
            && (other.bits ^ address.bits) >> (address.family.width - prefix) == 0
    }
}

extension IPNetwork: CustomStringConvertible {
    /// The one spelling, always with a prefix.
    package var description: String { "\(address)/\(prefix)" }
}
