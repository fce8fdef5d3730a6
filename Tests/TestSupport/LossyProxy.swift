import Foundation
import Glibc
import PostgresCluster
import Synchronization

/// Stands between a store and PostgreSQL, and loses what a test asks it to lose.
package final class LossyProxy: Sendable {
    /// What is lost of one statement and its answer.
    ///
    /// The connection is cut in any case.
    package enum Loss: Sendable {
        /// The statement does not reach the server.
        case request
        /// The server has carried out the statement; its answer is dropped.
        case answer
        /// The client is cut off at once, while the server still works.
        case client
    }

    private struct Shared {
        var order: (loss: Loss, statement: String)?
        var lossCount = 0
        var isClosed = false
    }

    private let folder: String
    private let serverPath: String
    private let listener: Int32
    private let shared = Mutex(Shared())

    private init(serverPath: String) throws {
        folder = try newTemporaryFolder()
        self.serverPath = serverPath
        listener = try Self.socket()
        let isBound = unsafe Self.withAddress("\(folder)/.s.PGSQL.5432") {
            unsafe bind(listener, $0, $1)
        }
        guard isBound == 0, listen(listener, 64) == 0 else { throw POSIXError(.EADDRINUSE) }
    }

    /// Lends a proxy in front of the shared test server.
    package static func run<Value: Sendable>(
        _ body: (LossyProxy) async throws -> Value
    ) async throws -> Value {
        let cluster = try await TestPostgres.cluster()
        let proxy = try LossyProxy(
            serverPath: "\(cluster.socketFolder)/.s.PGSQL.\(cluster.port)"
        )
        defer { proxy.close() }
        Thread.detachNewThread { proxy.accept() }
        return try await body(proxy)
    }

    /// The URI of a database by way of the proxy.
    package func url(database: String, user: String) -> String {
        "postgresql://\(user)@/\(database)?host=\(folder)&port=5432"
    }

    /// Loses the next execution of a prepared statement of this name.
    package func lose(_ loss: Loss, of statement: String) {
        shared.withLock { $0.order = (loss, statement) }
    }

    /// How many statements were lost so far.
    package var lossCount: Int { shared.withLock { $0.lossCount } }

    private func close() {
        shared.withLock { $0.isClosed = true }
        shutdown(listener, Int32(SHUT_RDWR))
        try? FileManager.default.removeItem(atPath: folder)
    }

    private func accept() {
        while true {
            let client = Glibc.accept(listener, nil, nil)
            guard client >= 0 else {
                Glibc.close(listener)
                return
            }
            guard let server = try? Self.socket() else {
                Glibc.close(client)
                continue
            }
            let link = Link(client: client, server: server)
            let isConnected = unsafe Self.withAddress(serverPath) { unsafe connect(server, $0, $1) }
            guard isConnected == 0 else { continue }
            Thread.detachNewThread { self.forwardRequests(link) }
            Thread.detachNewThread { self.forwardAnswers(link) }
        }
    }

    private func forwardRequests(_ link: Link) {
        while let bytes = Self.receive(link.client) {
            switch loss(for: bytes) {
            case nil: break
            case .request:
                return link.cut()
            case .answer:
                link.isLosing.store(true, ordering: .sequentiallyConsistent)
            case .client:
                link.isLosing.store(true, ordering: .sequentiallyConsistent)
                _ = Self.send(bytes, to: link.server)
                shutdown(link.client, Int32(SHUT_RDWR))
                return
            }
            guard Self.send(bytes, to: link.server) else { break }
        }
        shutdown(link.server, Int32(SHUT_WR))
    }

    private func forwardAnswers(_ link: Link) {
        while let bytes = Self.receive(link.server) {
            if link.isLosing.load(ordering: .sequentiallyConsistent) {
                // ReadyForQuery, idle: the transaction has ended.
                guard bytes.suffix(6) == [0x5A, 0, 0, 0, 5, 0x49] else { continue }
                break
            }
            guard Self.send(bytes, to: link.client) else { break }
        }
        link.cut()
    }

    /// What to lose of these bytes, which begin a message: libpq waits for each answer.
    private func loss(for bytes: [UInt8]) -> Loss? {
        shared.withLock { shared in
            // Only a Bind names a prepared statement that is to be executed.
            guard let order = shared.order, bytes.first == UInt8(ascii: "B"),
                bytes.prefix(128).contains(order.statement)
            else { return nil }
            shared.order = nil
            shared.lossCount += 1
            return order.loss
        }
    }
}

/// Two sockets that belong together; they close when nobody forwards between them any more.
private final class Link: Sendable {
    let client: Int32
    let server: Int32
    let isLosing = Atomic(false)

    init(client: Int32, server: Int32) {
        self.client = client
        self.server = server
    }

    func cut() {
        shutdown(client, Int32(SHUT_RDWR))
        shutdown(server, Int32(SHUT_RDWR))
    }

    deinit {
        close(client)
        close(server)
    }
}

extension LossyProxy {
    private static func socket() throws -> Int32 {
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw POSIXError(.EMFILE) }
        return descriptor
    }

    private static func withAddress(
        _ path: String,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { buffer in
            precondition(path.utf8.count < buffer.count, "A socket's path has at most 107 bytes.")
            unsafe buffer.copyBytes(from: path.utf8)
        }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, size)
            }
        }
    }

    private static func receive(_ descriptor: Int32) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = unsafe buffer.withUnsafeMutableBytes {
            unsafe read(descriptor, $0.baseAddress, $0.count)
        }
        return count > 0 ? Array(buffer.prefix(count)) : nil
    }

    private static func send(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var left = bytes[...]
        while !left.isEmpty {
            let count = unsafe left.withUnsafeBytes {
                unsafe Glibc.send(
                    descriptor,
                    $0.baseAddress,
                    $0.count,
                    Int32(MSG_NOSIGNAL)
                )
            }
            guard count > 0 else { return false }
            left = left.dropFirst(count)
        }
        return true
    }
}

extension Collection<UInt8> {
    fileprivate func contains(_ text: String) -> Bool {
        String(decoding: self, as: UTF8.self).contains(text)
    }
}
