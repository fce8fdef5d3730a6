internal import BoundedServer
internal import HTTPTypes
internal import Ledger
internal import LedgerStore
internal import Logging
internal import Measures
internal import NIOCore
internal import ServiceLifecycle
internal import Synchronization

/// Turns calls away that can be made again, while too many wait
/// (docs/decisions/0036-who-can-come-again-is-refused-first.md).
///
/// Thousands of refusals a second must cost little: nothing is looked up for them, the answer is
/// there but for its id, and one line a second tells of them all.
final class OverloadDoor: Door, Service {
    let bodyBytesMax = RequestLimits.bodyBytesMax

    private let store: LedgerStore
    private let readiness: Readiness
    private let logger: Logger
    private let inside = Atomic(0)
    private let isFlooded = Atomic(false)
    /// Who was turned away, by the kind of log that the call waits for.
    private let refusedRequests = Dictionary(
        uniqueKeysWithValues: [Log.Kind.facts, .access].map { ($0, Counter()) }
    )
    private let state: Mutex<State>
    /// The answer's body around the id.
    private let body: (start: [UInt8], end: [UInt8])

    private struct State {
        /// All that is the same within a second.
        var head: HTTPResponse
        var refusedCount = 0
    }

    /// As long as any, and found nowhere else.
    private static let anyID = String(repeating: "?", count: 36)

    init(store: LedgerStore, readiness: Readiness, logger: Logger) {
        self.store = store
        self.readiness = readiness
        self.logger = logger
        let problem = Problem(StoreError.overloaded)
        let document = problem.document(requestID: Self.anyID)
        let id = document.firstRange(of: Array(Self.anyID.utf8)) ?? 0..<0
        body = (Array(document[..<id.lowerBound]), Array(document[id.upperBound...]))
        var head = HTTPResponse(status: problem.status, headerFields: problem.headers)
        head.headerFields[.contentLength] = "\(document.count)"
        head.headerFields[.requestID] = Self.anyID
        head.headerFields[.date] = HTTPDate.text(store.clock.now())
        state = Mutex(State(head: head))
    }

    func refusal(of request: HTTPRequest) -> Refusal? {
        // Nearly always there is room, and then it need not be known what is called.
        guard isFull || store.isCrowded(before: .facts) || store.isCrowded(before: .access),
            let kind = RepeatableCall.log(of: request),
            isFull || store.isCrowded(before: kind)
        else { return nil }
        refusedRequests[kind]?.add()
        let id = store.clock.identifier().description
        var head = state.withLock { state in
            state.refusedCount += 1
            return state.head
        }
        head.headerFields[.requestID] = id
        if readiness.isShuttingDown { head.headerFields[.connection] = "close" }
        var bytes = ByteBuffer()
        bytes.reserveCapacity(body.start.count + id.utf8.count + body.end.count)
        bytes.writeBytes(body.start)
        bytes.writeString(id)
        bytes.writeBytes(body.end)
        return Refusal(head: head, body: bytes)
    }

    /// Adds who is inside and who was turned away to a page of metrics.
    func fill(_ page: inout MetricPage) {
        page.add(.activeRequests, inside.load(ordering: .relaxed))
        page.add(.insideMax, RequestLimits.insideMax)
        page.add(.isFlooded, is: isFlooded.load(ordering: .relaxed))
        for (kind, count) in refusedRequests {
            page.add(.shedRequests, count, ["log": Log(kind, pair: 0).name])
        }
    }

    func enters() { inside.add(1, ordering: .relaxed) }

    func leave() { inside.subtract(1, ordering: .relaxed) }

    /// Whether it is a flood, and there is no room.
    private var isFull: Bool {
        isFlooded.load(ordering: .relaxed)
            && inside.load(ordering: .relaxed) >= RequestLimits.insideMax
    }

    /// Looks after the processor, the date and the log until the shutdown.
    func run() async throws {
        var flood = Flood()
        var told = ContinuousClock.now
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            let delay = await Self.workDelay()
            let now = ContinuousClock.now
            flood.look(
                insideCount: inside.load(ordering: .relaxed),
                workDelay: delay,
                at: now
            )
            isFlooded.store(flood.isOn, ordering: .relaxed)
            if told + .seconds(1) <= now {
                told = now
                tell()
            }
            try? await Task.sleep(for: pause)
        }
        tell()
    }

    /// An idle service must not be woken hundreds of times a second.
    private var pause: Duration {
        inside.load(ordering: .relaxed) < RequestLimits.insideMax / 2
            ? RequestLimits.calmPause : RequestLimits.workDelayPause
    }

    /// How long work that could go on waits for a processor: who steps back comes to its turn when
    /// all those have had theirs who stood before it.
    private static func workDelay() async -> Duration {
        let begin = ContinuousClock.now
        await Task.yield()
        return .now - begin
    }

    private func tell() {
        let date = HTTPDate.text(store.clock.now())
        let count = state.withLock { state in
            state.head.headerFields[.date] = date
            defer { state.refusedCount = 0 }
            return state.refusedCount
        }
        guard count > 0 else { return }
        logger.warning("requests refused for overload", metadata: ["count": "\(count)"])
    }
}

extension MetricFamily {
    fileprivate static let activeRequests = gauge(
        "http_server_active_requests",
        "Requests that were read and let in, and whose answers have not begun"
    )
    fileprivate static let insideMax = gauge(
        "token_ledger_active_requests_max",
        "How many requests are let in during a flood before calls that can be made again are turned away"
    )
    fileprivate static let isFlooded = gauge(
        "token_ledger_flood",
        "Whether more come than the processor can serve"
    )
    fileprivate static let shedRequests = counter(
        "token_ledger_shed_requests_total",
        "Calls that can be made again and were turned away with 503, by the log that they wait for"
    )
}
