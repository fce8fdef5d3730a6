package import Ledger
internal import NIOCore
internal import NIOPosix

/// Looks up to which address a host's name leads, on threads of its own: the system's way blocks.
package final class HostLookup: Sendable {
    /// There is no such host, or its address cannot be used.
    package struct Unknown: Error {}

    private let threads = NIOThreadPool(numberOfThreads: DeliveryLimits.resolverThreads)

    /// Nothing runs yet.
    package init() {}

    /// The address that the system would connect to.
    @Sendable package func address(of host: String) async throws -> IPAddress {
        if let address = IPAddress(host) { return address }
        // Whoever asks first starts them.
        threads.start()
        let found = try await threads.runIfActive {
            try SocketAddress.makeAddressResolvingHost(host, port: 0).ipAddress
        }
        // One with a zone is of this link.
        guard let address = found.flatMap({ IPAddress($0) }) else { throw Unknown() }
        return address
    }

    /// Ends the threads.
    package func close() async {
        try? await threads.shutdownGracefully()
    }
}
