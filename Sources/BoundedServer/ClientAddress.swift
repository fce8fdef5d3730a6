package import NIOCore

/// Where a connection comes from, as far as limits tell callers apart: an IPv4 address, or the network
/// of an IPv6 address, of which one subscriber has 2⁶⁴.
package struct ClientAddress: Hashable, Sendable {
    private let network: UInt64

    /// The peer of a socket; all that is no IP address is one and the same.
    package init(_ peer: SocketAddress?) {
        switch peer {
        case .v4(let peer):
            network = Self.word(peer.address, at: Self.v4Offset)
        case .v6(let peer):
            let words = (0..<4).map { Self.word(peer.address, at: Self.v6Offset + 4 * $0) }
            // An IPv4 address that a socket for both shows as ::ffff:a.b.c.d.
            let isMapped = words[0] == 0 && words[1] == 0 && words[2] == 0xFFFF
            network = isMapped ? words[3] : words[0] << 32 | words[1]
        case .unixDomainSocket, nil:
            network = 0
        }
    }

    /// Where the address stands in `sockaddr_in` and `sockaddr_in6`.
    private static let v4Offset = 4
    private static let v6Offset = 8

    private static func word<Socket>(_ socket: Socket, at offset: Int) -> UInt64 {
        unsafe withUnsafeBytes(of: socket) { bytes in
            UInt64(
                UInt32(
                    bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
                )
            )
        }
    }
}
