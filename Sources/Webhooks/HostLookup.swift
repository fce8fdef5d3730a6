package import Ledger
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// Looks up to which address a host's name leads, on threads of its own.
///
/// The system's way blocks a thread for as long as the name servers like, and whoever adds an endpoint chooses
/// them. So nobody waits longer than a limit, and the names of one app take a few of the threads at most.
package final class HostLookup: Sendable {
    /// There is no such host, its address cannot be used, or nobody has told it in time.
    package struct Unknown: Error {}

    /// A name, and the app that asks for it: each app waits for its own.
    fileprivate struct Question: Hashable {
        let host: String
        let app: Identifier?
    }

    fileprivate struct State {
        var waiters: [Question: [LookupWaiter]] = [:]
        /// Those that no thread has begun with, the one that was asked first first.
        var queue: [Question] = []
        /// Also those for whose answer nobody waits any more.
        var running: Set<Question> = []
        var hasStarted = false
        /// Threads that are being ended cannot be started any more.
        var isClosed = false
    }

    private let state = Mutex(State())
    private let threads = NIOThreadPool(numberOfThreads: DeliveryLimits.resolverThreads)
    private let timeMax: Duration
    private let resolve: @Sendable (String) throws -> IPAddress

    /// - Parameters:
    ///   - timeMax: how long a name is waited for.
    ///   - resolve: blocks until it knows the address; the system's way unless given.
    ///
    /// Nothing runs yet.
    package init(
        timeMax: Duration = DeliveryLimits.lookupTimeMax,
        resolve: @escaping @Sendable (String) throws -> IPAddress = HostLookup.bySystem
    ) {
        self.timeMax = timeMax
        self.resolve = resolve
    }

    /// The address that the system would connect to.
    @Sendable package static func bySystem(_ host: String) throws -> IPAddress {
        let found = try SocketAddress.makeAddressResolvingHost(host, port: 0).ipAddress
        // One with a zone is of this link.
        guard let address = found.flatMap({ IPAddress($0) }) else { throw Unknown() }
        return address
    }

    /// To which address a host leads, asked on behalf of an app.
    package func address(of host: String, for app: Identifier?) async throws -> IPAddress {
        if let address = IPAddress(host) { return address }
        let question = Question(host: host, app: app)
        return try await withThrowingTaskGroup(of: IPAddress.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await self.answer(to: question) }
            group.addTask { [timeMax] in
                try await Task.sleep(for: timeMax)
                throw Unknown()
            }
            guard let address = try await group.next() else { throw Unknown() }
            return address
        }
    }

    private func answer(to question: Question) async throws -> IPAddress {
        let waiter = LookupWaiter()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                waiter.wait(continuation)
                begin(question, waiter)
            }
        } onCancel: {
            leave(question, waiter)
        }
    }

    private func begin(_ question: Question, _ waiter: LookupWaiter) {
        let isAsked = state.withLock { state in
            guard !waiter.isOver else { return true }
            guard !state.isClosed else { return false }
            let isKnown = state.waiters[question] != nil || state.running.contains(question)
            guard isKnown || state.queue.count < DeliveryLimits.lookupsWaitingMax else {
                return false
            }
            state.waiters[question, default: []].append(waiter)
            if !isKnown { state.queue.append(question) }
            return true
        }
        guard isAsked else { return waiter.end(.failure(Unknown())) }
        startNext()
    }

    /// Waits no longer; a name that nobody waits for is not begun with.
    private func leave(_ question: Question, _ waiter: LookupWaiter) {
        state.withLock { state in
            waiter.end(.failure(CancellationError()))
            state.waiters[question]?.removeAll { $0 === waiter }
            guard state.waiters[question]?.isEmpty == true else { return }
            state.waiters[question] = nil
            state.queue.removeAll { $0 == question }
        }
    }

    /// Begins with as many as there are threads for.
    private func startNext() {
        while let question = state.withLock({ $0.startNext(threads) }) {
            threads.submit { [resolve] work in
                let result = Result {
                    guard work == .active else { throw Unknown() }
                    return try resolve(question.host)
                }
                let waiters = self.state.withLock { state in
                    state.running.remove(question)
                    return state.waiters.removeValue(forKey: question) ?? []
                }
                for waiter in waiters { waiter.end(result) }
                if work == .active { self.startNext() }
            }
        }
    }

    /// Ends the threads; one that a name server holds is not waited for long.
    ///
    /// Whoever waits for one is told that there is no address, and so is who asks later.
    package func close() async {
        let waiters = state.withLock { state in
            state.isClosed = true
            let waiters = state.queue.flatMap { state.waiters.removeValue(forKey: $0) ?? [] }
            state.queue = []
            return waiters
        }
        for waiter in waiters { waiter.end(.failure(Unknown())) }
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let isOver = loop.makePromise(of: Void.self)
        threads.shutdownGracefully { _ in isOver.succeed() }
        loop.scheduleTask(in: .seconds(1)) { isOver.succeed() }
        try? await isOver.futureResult.get()
    }
}

extension HostLookup.State {
    /// The next name that a thread begins with; nil while there is none, or no thread for its app.
    fileprivate mutating func startNext(_ threads: NIOThreadPool) -> HostLookup.Question? {
        guard !isClosed, running.count < DeliveryLimits.resolverThreads else { return nil }
        let next = queue.firstIndex { question in
            running.count { $0.app == question.app } < DeliveryLimits.resolverThreadsOfAppMax
        }
        guard let next else { return nil }
        let question = queue.remove(at: next)
        running.insert(question)
        // Whoever asks first starts them.
        if !hasStarted { threads.start() }
        hasStarted = true
        return question
    }
}

/// Who waits for an address, until it is there or nobody waits any more, whichever comes first.
private final class LookupWaiter: Sendable {
    private enum State {
        case new
        case waiting(CheckedContinuation<IPAddress, any Error>)
        case over
    }

    private let state = Mutex(State.new)

    var isOver: Bool {
        state.withLock { if case .over = $0 { true } else { false } }
    }

    func wait(_ continuation: CheckedContinuation<IPAddress, any Error>) {
        let isOver = state.withLock { state in
            if case .over = state { return true }
            state = .waiting(continuation)
            return false
        }
        if isOver { continuation.resume(throwing: CancellationError()) }
    }

    func end(_ result: Result<IPAddress, any Error>) {
        let continuation = state.withLock { state -> CheckedContinuation<IPAddress, any Error>? in
            defer { state = .over }
            if case .waiting(let continuation) = state { return continuation }
            return nil
        }
        continuation?.resume(with: result)
    }
}
