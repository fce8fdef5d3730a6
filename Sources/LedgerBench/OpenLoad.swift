internal import NIOCore
internal import NIOPosix

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// Requests that arrive at a rate, whatever becomes of those before them.
///
/// An open loop, as many callers are who know nothing of each other: an answer that comes late does
/// not make the next request late. Times count from the moment at which a request should have been
/// sent. All of it runs on one event loop of its own; what it takes of the machine is little beside
/// the service, and what it lacked is measured.
final class OpenLoad {
    /// What arrives, how often and for how long.
    struct Arrivals: Sendable {
        let name: String
        let perSecond: Double
        let seconds: Int
    }

    /// What a run does, one after the other.
    struct Plan: Sendable {
        let host: String
        let port: Int
        /// How many requests may be unanswered at once; one that finds none free is not sent.
        let connections: Int
        /// Sent in turn.
        let requests: [ByteBuffer]
        let phases: [Arrivals]
    }

    /// A request on its way.
    struct Arrival {
        let phase: Int
        let second: Int
        let due: NIODeadline
    }

    /// How often it is looked what is due.
    private static let tick: TimeAmount = .milliseconds(1)
    /// How much it goes before others, of 20.
    private static let niceness: Int32 = -15
    /// How long it waits for the last answers.
    private static let patience: TimeAmount = .seconds(5)

    private let plan: Plan
    private let loop: any EventLoop
    private let done: EventLoopPromise<[ArrivalTally]>
    private var free = CircularBuffer<OpenConnection>()
    private var tallies: [ArrivalTally]
    private var phase = 0
    private var begin = NIODeadline.now()
    /// How many of this phase were due so far, and how many of all.
    private var arrived = 0
    private var total = 0
    private var unanswered = 0
    private var isOver = false

    private init(_ plan: Plan, _ loop: any EventLoop, _ done: EventLoopPromise<[ArrivalTally]>) {
        self.plan = plan
        self.loop = loop
        self.done = done
        tallies = plan.phases.map(ArrivalTally.init)
    }

    /// Runs the phases one after the other over the same connections.
    static func run(_ plan: Plan) async throws -> [ArrivalTally] {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            let tallies = try await run(plan, on: group.next())
            try await group.shutdownGracefully()
            return tallies
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private static func run(
        _ plan: Plan,
        on loop: any EventLoop
    ) async throws -> [ArrivalTally] {
        let done = loop.makePromise(of: [ArrivalTally].self)
        let load = try await loop.submit {
            NIOLoopBound(OpenLoad(plan, loop, done), eventLoop: loop)
        }.get()
        do {
            for _ in 0..<plan.connections { try await connect(load, to: plan, on: loop).get() }
        } catch {
            done.fail(error)
            throw error
        }
        loop.execute { load.value.start() }
        return try await done.futureResult.get()
    }

    private static func connect(
        _ load: NIOLoopBound<OpenLoad>,
        to plan: Plan,
        on loop: any EventLoop
    ) -> EventLoopFuture<Void> {
        ClientBootstrap(group: loop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(OpenConnection(load.value))
                }
            }
            .connect(host: plan.host, port: plan.port).map { _ in }
    }

    private func start() {
        Self.goFirst()
        begin = .now()
        let load = NIOLoopBound(self, eventLoop: loop)
        loop.scheduleRepeatedTask(initialDelay: Self.tick, delay: Self.tick) { task in
            load.value.work()
            if load.value.isOver { task.cancel() }
        }
    }

    /// Callers have machines of their own: this thread goes before those of the service where that
    /// is allowed, which takes root; the first 0 is for `PRIO_PROCESS`, the second for itself.
    private static func goFirst() {
        _ = setpriority(0, 0, niceness)
    }

    /// Sends what is due, and goes on to the next phase.
    private func work() {
        let now = NIODeadline.now()
        while phase < plan.phases.count {
            let arrivals = plan.phases[phase]
            let count = Int(arrivals.perSecond * Double(arrivals.seconds))
            let gone = Double((now - begin).nanoseconds) / 1_000_000_000
            let due = min(count, Int(arrivals.perSecond * gone))
            while arrived < due { arrive(arrivals, now) }
            guard now >= begin + .seconds(Int64(arrivals.seconds)) else { return }
            begin = begin + .seconds(Int64(arrivals.seconds))
            phase += 1
            arrived = 0
        }
        guard unanswered == 0 || now > begin + Self.patience else { return }
        isOver = true
        for connection in free { connection.close() }
        done.succeed(tallies)
    }

    private func arrive(_ arrivals: Arrivals, _ now: NIODeadline) {
        let seconds = Double(arrived) / arrivals.perSecond
        let due = begin + .nanoseconds(Int64(seconds * 1_000_000_000))
        defer {
            arrived += 1
            total += 1
        }
        guard let connection = free.popFirst() else { return tallies[phase].noteUnsent() }
        tallies[phase].noteSent(delay: Self.microseconds(from: due, to: now))
        unanswered += 1
        connection.send(
            plan.requests[total % plan.requests.count],
            for: Arrival(phase: phase, second: Int(seconds), due: due)
        )
    }

    private static func microseconds(from start: NIODeadline, to end: NIODeadline) -> Int {
        Int((end - start).nanoseconds / 1_000)
    }

    /// A connection can take a request.
    func isFree(_ connection: OpenConnection) {
        free.append(connection)
    }

    /// A request was answered.
    func answered(_ arrival: Arrival, _ answer: AnswerHead) {
        unanswered -= 1
        tallies[arrival.phase].note(
            answer,
            in: arrival.second,
            after: Self.microseconds(from: arrival.due, to: .now())
        )
    }

    /// A connection ended, perhaps with a request on its way; another one takes its place.
    func lost(_ connection: OpenConnection, _ arrival: Arrival?) {
        if let arrival {
            unanswered -= 1
            tallies[arrival.phase].noteFailed(in: arrival.second)
        }
        free.removeAll { $0 === connection }
        guard !isOver else { return }
        _ = Self.connect(NIOLoopBound(self, eventLoop: loop), to: plan, on: loop)
    }
}

@available(*, unavailable)
extension OpenLoad: Sendable {}
