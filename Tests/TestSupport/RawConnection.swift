import NIOCore
import NIOPosix

/// Bytes to a server and bytes back, without an HTTP client that would mend them.
package enum RawConnection {
    /// Sends pieces one after the other and gives all that came until the server closed.
    ///
    /// - Parameters:
    ///   - pieces: sent apart, so that the server reads them apart when they are awaited.
    ///   - port: of a server at 127.0.0.1.
    ///   - awaited: what must have come back before the next piece is sent.
    ///   - pause: how long it waits before each piece but the first.
    ///   - endsInput: whether our side is closed for output after the last piece.
    /// - Returns: the bytes, as text.
    /// - Throws: what connecting throws.
    package static func exchange(
        _ pieces: [[UInt8]],
        port: Int,
        awaiting awaited: String? = nil,
        pausing pause: Duration = .zero,
        endsInput: Bool = true
    ) async throws -> String {
        let connection = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel,
                        configuration: NIOAsyncChannel.Configuration(
                            isOutboundHalfClosureEnabled: true
                        )
                    )
                }
            }
        return try await connection.executeThenClose { inbound, outbound in
            var bytes: [UInt8] = []
            var answers = inbound.makeAsyncIterator()
            for (number, piece) in pieces.enumerated() {
                if let awaited, number > 0 {
                    while !String(decoding: bytes, as: UTF8.self).contains(awaited) {
                        guard let answer = try await answers.next() else { break }
                        bytes += Array(answer.readableBytesView)
                    }
                }
                if number > 0 { try await Task.sleep(for: pause) }
                // A server that has refused what came before may have closed already.
                try? await outbound.write(ByteBuffer(bytes: piece))
            }
            if endsInput { outbound.finish() }
            do {
                while let answer = try await answers.next() {
                    bytes += Array(answer.readableBytesView)
                }
            } catch is IOError {
                // A reset after the answer is an end, too.
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    /// Sends a text and gives all that came until the server closed.
    package static func exchange(_ text: String, port: Int) async throws -> String {
        try await exchange([Array(text.utf8)], port: port)
    }
}
