import Foundation
import Glibc
package import PostgresCluster
import Synchronization

/// Stands between a client and a server, and loses, holds or delays what a test asks it to.
///
/// Each connection has two threads, one for each direction, so bytes keep their order.
package final class LossyProxy: Sendable {
    /// Where a proxy listens, or what it stands in front of.
    package enum Address: Sendable, Equatable {
        /// A Unix socket by its path.
        case path(String)
        /// A port of the loopback address; 0 for any that is free.
        case port(UInt16)
    }

    /// What is lost of one statement and its answer.
    ///
    /// The connection is cut in any case but one.
    package enum Loss: Sendable {
        /// The statement does not reach the server.
        case request
        /// The server has carried out the statement; its answer is dropped.
        case answer
        /// The client is cut off at once, while the server still works.
        case client
        /// The statement waits on its way until `release` is called, also when the client has given
        /// up meanwhile.
        case held
    }

    /// How bytes travel.
    package enum Traffic: Sendable, Equatable {
        case flows
        /// No byte moves, and no connection is closed: a network that swallows packets, or a frozen
        /// server.
        ///
        /// What was sent meanwhile arrives once traffic flows again, as TCP sends it anew.
        case stands
        /// Each piece arrives later.
        case drags(Duration)
        /// New connections are closed at once, before a byte.
        case isRefused
    }

    private struct Order {
        let loss: Loss
        var times: Int
    }

    private struct Shared {
        var order: Order?
        var answerBytesMax: Int?
        var answerBytesStep = 0
        var lossCount = 0
        var links: [ObjectIdentifier: Link] = [:]
    }

    /// Where clients connect to.
    package let address: Address
    private let folder: String
    private let server: Address
    private let listener: ProxySocket
    private let shared = Mutex(Shared())
    private let signal = TrafficSignal()
    private let held = TrafficSignal(.stands)

    /// A proxy that listens on a TCP port, or else on a Unix socket in a folder of its own.
    private init(in front: Address, overTCP: Bool) throws {
        folder = try newTemporaryFolder()
        server = front
        let wanted: Address =
            overTCP ? .port(0) : .path("\(folder)/.s.PGSQL.\(Self.socketNumber)")
        listener = try ProxySocket(listeningAt: wanted)
        address = overTCP ? .port(listener.port) : wanted
    }

    /// The number in the name of the Unix socket; the same in every folder.
    private static let socketNumber = 5432

    /// Lends a proxy in front of a server.
    package static func run<Value: Sendable>(
        in front: Address,
        overTCP: Bool = false,
        _ body: (LossyProxy) async throws -> Value
    ) async throws -> Value {
        let proxy = try LossyProxy(in: front, overTCP: overTCP)
        defer { proxy.close() }
        Thread.detachNewThread { proxy.accept() }
        return try await body(proxy)
    }

    /// Lends a proxy in front of a PostgreSQL; the shared test server unless another is named.
    package static func run<Value: Sendable>(
        inFrontOf cluster: RunningCluster? = nil,
        overTCP: Bool = false,
        _ body: (LossyProxy) async throws -> Value
    ) async throws -> Value {
        let cluster = if let cluster { cluster } else { try await TestPostgres.cluster() }
        let path = "\(cluster.socketFolder)/.s.PGSQL.\(cluster.port)"
        return try await run(in: .path(path), overTCP: overTCP, body)
    }

    /// The URI of a database by way of the proxy.
    package func url(database: String, user: String) -> String {
        switch address {
        case .path: "postgresql://\(user)@/\(database)?host=\(folder)&port=\(Self.socketNumber)"
        case .port(let port): "postgresql://\(user)@127.0.0.1:\(port)/\(database)"
        }
    }

    /// The prepared statements that append.
    private static let appends = ["append_events", "append_single_events"]

    /// Loses the next appends.
    package func loseAppend(_ loss: Loss, times: Int = 1) {
        if case .held = loss { held.set(.stands) }
        shared.withLock { $0.order = Order(loss: loss, times: times) }
    }

    /// Loses no more than has been lost so far.
    package func loseNothing() {
        shared.withLock { $0.order = nil }
    }

    /// Cuts every later connection after so many bytes of answers, or after `step` more than the one
    /// before it; nil for none.
    ///
    /// Gives after how many bytes the next one would have been cut so far.
    @discardableResult
    package func cutAnswers(after bytes: Int?, step: Int = 0) -> Int? {
        shared.withLock { shared in
            defer { (shared.answerBytesMax, shared.answerBytesStep) = (bytes, step) }
            return shared.answerBytesMax
        }
    }

    /// Changes how bytes travel, also on connections that there are.
    package func setTraffic(_ traffic: Traffic) {
        signal.set(traffic)
    }

    /// Lets the statements go on that were held.
    package func release() {
        held.set(.flows)
    }

    /// Cuts the connections that there are.
    package func cutAll() {
        for link in shared.withLock({ Array($0.links.values) }) { link.cut() }
    }

    /// How many statements were lost so far.
    package var lossCount: Int { shared.withLock { $0.lossCount } }

    /// How many of the connections that there are carry a statement that was held.
    package var heldCount: Int {
        shared.withLock { shared in
            shared.links.values.count { $0.isHeld.load(ordering: .sequentiallyConsistent) }
        }
    }

    /// How many connections there are.
    package var connectionCount: Int { shared.withLock { $0.links.count } }

    private func close() {
        listener.cut()
        setTraffic(.isRefused)
        release()
        cutAll()
        try? FileManager.default.removeItem(atPath: folder)
    }

    private func accept() {
        while let client = listener.accept() {
            guard signal.traffic != .isRefused, let upstream = try? ProxySocket(to: server) else {
                continue
            }
            let link = Link(client: client, server: upstream)
            shared.withLock { $0.links[ObjectIdentifier(link)] = link }
            Thread.detachNewThread { self.forwardRequests(link) }
            Thread.detachNewThread {
                self.forwardAnswers(link)
                self.shared.withLock { $0.links[ObjectIdentifier(link)] = nil }
            }
        }
    }

    private func forwardRequests(_ link: Link) {
        while let bytes = link.client.receive() {
            let loss = loss(for: bytes)
            if loss == .request { return link.cut() }
            if loss == .held {
                link.isHeld.store(true, ordering: .sequentiallyConsistent)
                held.waitUntilClear()
            }
            if loss == .answer || loss == .client {
                link.isLosing.store(true, ordering: .sequentiallyConsistent)
            }
            signal.waitUntilClear()
            guard link.server.send(bytes) else { break }
            if loss == .client { return link.client.cut() }
        }
        // What the server still has to say is nobody's any more.
        link.server.finish()
    }

    private func forwardAnswers(_ link: Link) {
        var left = shared.withLock { shared in
            defer { shared.answerBytesMax? += shared.answerBytesStep }
            return shared.answerBytesMax ?? Int.max
        }
        while let bytes = link.server.receive() {
            signal.waitUntilClear()
            if link.isLosing.load(ordering: .sequentiallyConsistent) {
                // ReadyForQuery, idle: the transaction has ended.
                guard bytes.suffix(6) == [0x5A, 0, 0, 0, 5, 0x49] else { continue }
                break
            }
            guard link.client.send(Array(bytes.prefix(left))), left > bytes.count else { break }
            left -= bytes.count
        }
        link.cut()
    }

    /// What to lose of these bytes, which begin a message: libpq waits for each answer.
    private func loss(for bytes: [UInt8]) -> Loss? {
        shared.withLock { shared in
            // Only a Bind names a prepared statement that is to be executed.
            guard var order = shared.order, bytes.first == UInt8(ascii: "B"),
                Self.appends.contains(where: { bytes.prefix(128).contains($0) })
            else { return nil }
            order.times -= 1
            shared.order = order.times > 0 ? order : nil
            shared.lossCount += 1
            return order.loss
        }
    }
}

/// Two sockets that belong together; they close when nobody forwards between them any more.
private final class Link: Sendable {
    let client: ProxySocket
    let server: ProxySocket
    let isLosing = Atomic(false)
    let isHeld = Atomic(false)

    init(client: ProxySocket, server: ProxySocket) {
        self.client = client
        self.server = server
    }

    func cut() {
        client.cut()
        server.cut()
    }
}

/// Lets the threads of a proxy through, or holds them.
private final class TrafficSignal: Sendable {
    private let state: Mutex<LossyProxy.Traffic>
    private let changed = NSCondition()

    init(_ traffic: LossyProxy.Traffic = .flows) {
        state = Mutex(traffic)
    }

    var traffic: LossyProxy.Traffic { state.withLock { $0 } }

    func set(_ traffic: LossyProxy.Traffic) {
        changed.withLock {
            state.withLock { $0 = traffic }
            changed.broadcast()
        }
    }

    func waitUntilClear() {
        changed.withLock {
            while traffic == .stands { changed.wait() }
        }
        if case .drags(let delay) = traffic { Thread.sleep(forTimeInterval: delay / .seconds(1)) }
    }
}

extension Collection<UInt8> {
    fileprivate func contains(_ text: String) -> Bool {
        String(decoding: self, as: UTF8.self).contains(text)
    }
}
