internal import AsyncHTTPClient
internal import BoundedClient
internal import Ledger
package import Logging
package import Measures
internal import NIOHTTP1
internal import ServiceLifecycle
internal import Synchronization
package import Traces

/// Sends recorded spans to a collector, as OTLP over HTTP in JSON.
///
/// Nobody waits for it. What cannot be sent is counted, and told once in the log.
package final class SpanExporter: Service {
    package let queue = SpanQueue()
    private let target: ExportTarget
    private let limits: ExportLimits
    private let ends = CounterTable<ExportEnd>()
    private let isFailing = Mutex(false)
    private let logger: Logger

    /// Sends nothing until it runs.
    package init(_ target: ExportTarget, limits: ExportLimits = ExportLimits(), logger: Logger) {
        self.target = target
        self.limits = limits
        self.logger = logger
    }

    /// Sends until the graceful shutdown, and then for a moment what is left.
    package func run() async throws {
        let client = HTTPClient(
            eventLoopGroupProvider: .singleton,
            configuration: .bounded(
                connectTimeMax: ExportLimits.connectTimeMax,
                totalTimeMax: target.timeMax
            )
        )
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.work(client) }
            group.addTask {
                // Thrown when the work has ended, and the task is cancelled.
                guard (try? await gracefulShutdown()) != nil else { return }
                try? await Task.sleep(for: self.limits.flushTimeMax)
            }
            await group.next()
            group.cancelAll()
        }
        while case let left = queue.take(max: limits.spansMax), !left.isEmpty {
            ends.add(.ended, left.count)
        }
        try? await client.shutdown()
    }

    private func work(_ client: HTTPClient) async {
        var isLast = false
        repeat {
            // What comes until here is sent before the end.
            isLast = isEnding
            while !Task.isCancelled, case let spans = queue.take(max: limits.spansMax),
                !spans.isEmpty
            {
                await send(spans, client)
            }
            await pause(limits.lookPause)
        } while !isLast && !Task.isCancelled
    }

    /// Sends spans, again as often as may be.
    private func send(_ spans: [Span], _ client: HTTPClient) async {
        let body = SpanDocument.encode(spans, of: target.resource)
        var pause = limits.pause
        for number in 1...limits.triesMax {
            let answer = await once(body, client)
            guard answer.mayRepeat, number < limits.triesMax, !isEnding else {
                return note(answer, of: spans.count)
            }
            tell(isFailing: true, answer.end)
            // Several copies of the service need not come back together.
            await self.pause(
                min(answer.wait ?? pause * Double.random(in: 0.5...1), limits.waitMax)
            )
            pause *= 2
        }
    }

    private func once(_ body: [UInt8], _ client: HTTPClient) async -> ExportAnswer {
        var request = HTTPClientRequest(url: target.url.text)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        for header in target.headers {
            request.headers.replaceOrAdd(name: header.name, value: header.value.exposed)
        }
        request.body = .bytes(body)
        let call = BoundedCall(
            request,
            timeMax: target.timeMax,
            answerBytesMax: ExportLimits.answerBytesMax,
            wantsBody: { status, _ in (200..<300).contains(status) }
        )
        return ExportAnswer(await call.outcome(over: client))
    }

    private func note(_ answer: ExportAnswer, of count: Int) {
        let rejected = min(answer.rejected, count)
        let end = Task.isCancelled && answer.end != .taken ? .ended : answer.end
        ends.add(end, count - rejected)
        ends.add(.rejected, rejected)
        tell(isFailing: answer.end != .taken, answer.end)
    }

    /// One line when it begins to fail, and one when it works again.
    private func tell(isFailing: Bool, _ end: ExportEnd) {
        let wasFailing = self.isFailing.withLock { was in
            defer { was = isFailing }
            return was
        }
        guard isFailing != wasFailing, !Task.isCancelled else { return }
        if isFailing {
            logger.warning("spans are not taken", metadata: ["reason": "\(end.rawValue)"])
        } else {
            logger.notice("spans are taken again")
        }
    }

    private var isEnding: Bool { Task.isCancelled || Task.isShuttingDownGracefully }

    private func pause(_ time: Duration) async {
        guard !isEnding else { return }
        await cancelWhenGracefulShutdown { try? await Task.sleep(for: time) }
    }

    /// Adds what became of spans to a page of metrics.
    package func fill(_ page: inout MetricPage) {
        page.add(.exported, ends, by: "error_type")
        page.add(.leftOut, queue.leftOut, ["error_type": "queue_full"])
        page.add(.queueSize, queue.count)
        page.add(.queueCapacity, SpanQueue.spansMax)
    }

    /// Names the same on a page where nothing is exported.
    package static func name(on page: inout MetricPage) {
        for family in [MetricFamily.exported, .leftOut, .queueSize, .queueCapacity] {
            page.name(family)
        }
    }
}

extension MetricFamily {
    fileprivate static let exported = counter(
        "otel_sdk_exporter_span_exported_total",
        "Spans that were sent to the collector, by why it does not have them, if so"
    )
    fileprivate static let leftOut = counter(
        "otel_sdk_processor_span_processed_total",
        "Spans that were left out because too many waited to be sent"
    )
    fileprivate static let queueSize = gauge(
        "otel_sdk_processor_span_queue_size",
        "Spans that wait to be sent"
    )
    fileprivate static let queueCapacity = gauge(
        "otel_sdk_processor_span_queue_capacity",
        "How many spans may wait"
    )
}
