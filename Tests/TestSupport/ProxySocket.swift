import Foundation
import Glibc

/// A blocking socket of the proxy, closed when nobody holds it any more.
final class ProxySocket: Sendable {
    private let descriptor: Int32

    private static let backlog: Int32 = 64
    private static let pieceBytesMax = 1 << 16

    /// A socket that listens.
    init(listeningAt address: LossyProxy.Address) throws {
        descriptor = try Self.open(address)
        let isBound = unsafe Self.with(address) { unsafe bind(descriptor, $0, $1) }
        guard isBound == 0, listen(descriptor, Self.backlog) == 0 else {
            throw POSIXError(.EADDRINUSE)
        }
    }

    /// A socket that is connected to a server.
    init(to address: LossyProxy.Address) throws {
        descriptor = try Self.open(address)
        let isConnected = unsafe Self.with(address) { unsafe connect(descriptor, $0, $1) }
        guard isConnected == 0 else { throw POSIXError(.ECONNREFUSED) }
    }

    private init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// The port that it is bound to.
    var port: UInt16 {
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(descriptor, $0, &size)
            }
        }
        return UInt16(bigEndian: address.sin_port)
    }

    /// The next client; nil once the socket was cut.
    func accept() -> ProxySocket? {
        let client = Glibc.accept(descriptor, nil, nil)
        return client < 0 ? nil : ProxySocket(descriptor: client)
    }

    /// Ends both directions, also for a thread that waits for bytes.
    func cut() {
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// Tells that no more bytes will be sent.
    func finish() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// The next bytes; nil after the last ones.
    func receive() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: Self.pieceBytesMax)
        let count = unsafe buffer.withUnsafeMutableBytes {
            unsafe read(descriptor, $0.baseAddress, $0.count)
        }
        return count > 0 ? Array(buffer.prefix(count)) : nil
    }

    /// Sends all of it; false when nobody takes it.
    func send(_ bytes: [UInt8]) -> Bool {
        var left = bytes[...]
        while !left.isEmpty {
            let count = unsafe left.withUnsafeBytes {
                unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            left = left.dropFirst(count)
        }
        return true
    }

    private static func open(_ address: LossyProxy.Address) throws -> Int32 {
        let family =
            switch address {
            case .path: AF_UNIX
            case .port: AF_INET
            }
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw POSIXError(.EMFILE) }
        return descriptor
    }

    /// Lends an address in the form that the system takes.
    private static func with(
        _ address: LossyProxy.Address,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        switch address {
        case .path(let path):
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            unsafe withUnsafeMutableBytes(of: &address.sun_path) { buffer in
                precondition(path.utf8.count < buffer.count, "A path has at most 107 bytes.")
                unsafe buffer.copyBytes(from: path.utf8)
            }
            return unsafe lend(&address, body)
        case .port(let port):
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
            return unsafe lend(&address, body)
        }
    }

    private static func lend<Socket>(
        _ address: inout Socket,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        let size = socklen_t(MemoryLayout<Socket>.size)
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, size)
            }
        }
    }
}
