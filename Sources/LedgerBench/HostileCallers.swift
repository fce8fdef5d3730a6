internal import NIOCore
internal import NIOPosix
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// Many connections that mean harm, from some other addresses of this machine.
final class HostileCallers: Sendable {
    /// What became of them.
    struct Tally: Sendable {
        /// Answers with a status below 400.
        var served = 0
        var refused = 0
        /// Connections that the service has ended.
        var closed = 0
        /// Attempts to connect that failed.
        var notConnected = 0
    }

    /// Before somebody who was cut off comes again.
    private static let pause: TimeAmount = .milliseconds(200)
    /// How small they make their receive buffers: an answer that is not read stays with the service.
    private static let unreadBytes = 16_384
    /// How far they stand back behind the service, of 20: they have machines of their own.
    private static let niceness: CInt = 5

    private let attack: Attack
    private let host: String
    private let port: Int
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let tally = Mutex(Tally())
    private let isOver = Mutex(false)

    private init(_ attack: Attack, host: String, port: Int) {
        self.attack = attack
        self.host = host
        self.port = port
    }

    /// Attacks while `body` runs.
    static func run<Value: Sendable>(
        _ attack: Attack,
        host: String,
        port: Int,
        _ body: () async throws -> Value
    ) async throws -> (Value, Tally) {
        let callers = HostileCallers(attack, host: host, port: port)
        callers.start()
        let outcome: Result<Value, any Error>
        do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
        callers.isOver.withLock { $0 = true }
        try await callers.group.shutdownGracefully()
        return (try outcome.get(), callers.tally.withLock { $0 })
    }

    private func start() {
        group.next().execute { _ = setpriority(0, 0, Self.niceness) }
        for number in 0..<attack.connections { connect(number) }
    }

    private func connect(_ number: Int) {
        guard !isOver.withLock({ $0 }) else { return }
        let (attack, callers) = (attack, self)
        var bootstrap = ClientBootstrap(group: group)
        if case .readsNothing = attack.conduct {
            bootstrap =
                bootstrap
                .channelOption(.autoRead, value: false)
                .channelOption(.socketOption(.so_rcvbuf), value: Self.unreadBytes)
        }
        bootstrap = bootstrap.channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(
                    AttackConnection(attack, number: number, callers: callers)
                )
            }
        }
        let address = "127.0.1.\(1 + number % attack.addresses)"
        guard let from = try? SocketAddress(ipAddress: address, port: 0) else { return }
        bootstrap.bind(to: from).connect(host: host, port: port).whenComplete { result in
            switch result {
            case .success(let channel):
                channel.closeFuture.whenComplete { _ in callers.connectAgain(number) }
            case .failure:
                callers.tally.withLock { $0.notConnected += 1 }
                callers.connectAgain(number)
            }
        }
    }

    private func connectAgain(_ number: Int) {
        guard !isOver.withLock({ $0 }) else { return }
        group.next().scheduleTask(in: Self.pause) { self.connect(number) }
    }

    func answered(_ answer: AnswerHead) {
        tally.withLock {
            if answer.status < 400 { $0.served += 1 } else { $0.refused += 1 }
        }
    }

    func lost() {
        guard !isOver.withLock({ $0 }) else { return }
        tally.withLock { $0.closed += 1 }
    }
}
