internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import Logging
internal import NIOCore
internal import ServiceLifecycle

/// What is sent to one who follows: what was, and then what comes, in order of position.
///
/// No more is held than what its reader takes at the moment. Who reads slowly finds the next page
/// where it is: at the log's end, or in the log.
struct FollowBody: Sendable {
    let log: Log
    let query: EventQuery
    let start: Int64
    /// What stands before that, if anything does: who is cut off before an event can come back.
    let before: LogPlace?
    /// Where it ends, for who wants only what is there; nil for who follows.
    let end: Int64?
    /// Held until it has ended.
    let place: FollowPlace
    let tail: EventTail
    let store: LedgerStore
    let requestID: String
    let logger: Logger

    private var follow: Follow { place.follow }

    /// The answer with these fields.
    func response(_ headers: HTTPFields) -> Response {
        Response(
            status: .ok,
            headers: headers,
            body: ResponseBody { writer in
                do {
                    try await send(to: &writer)
                } catch {
                    tell(error)
                    throw error
                }
                follow.leave()
                try await writer.finish(nil)
            }
        )
    }

    /// A reader that goes is how most of them end.
    private func tell(_ failure: any Error) {
        guard !(failure is ReaderGone || failure is CutShort) else { return }
        logger.error(
            "follow broken off",
            metadata: ["request_id": "\(requestID)", "error": "\(LedgerError(failure))"]
        )
    }

    /// Sends all of it; what is thrown was not caused by the end of the follow.
    @concurrent func send(to writer: inout any ResponseBodyWriter) async throws {
        var hello = ByteBuffer()
        hello.writeRetry(Self.retryTime)
        if let before { hello.writeString("id: \(before)\n") }
        hello.writeComment("begins")
        try await Self.write(hello, to: &writer)
        // A shutdown would wait for whoever waits for events, or reads them slowly.
        try await withTaskCancellationOrGracefulShutdownHandler {
            let until = ContinuousClock.now + RequestLimits.followTimeMax
            if let end {
                try await writeAll(before: end, until: until, to: &writer)
            } else {
                try await writeOn(until: until, to: &writer)
            }
        } onCancelOrGracefulShutdown: { [follow] in
            follow.end()
        }
        var farewell = ByteBuffer()
        farewell.writeRetry(Self.retryTime)
        farewell.writeComment("ends")
        try await Self.write(farewell, to: &writer)
    }

    private static var retryTime: Duration {
        .milliseconds(Int.random(in: RequestLimits.followRetryTime))
    }

    /// Sends what is there; throws where it must end before, for an answer that ends in order is whole.
    @concurrent private func writeAll(
        before end: Int64,
        until: ContinuousClock.Instant,
        to writer: inout any ResponseBodyWriter
    ) async throws {
        var position = start
        while position < end {
            guard !follow.isEnded, ContinuousClock.now < until else { throw CutShort() }
            position = try await writePassed(position..<end, to: &writer)
        }
    }

    /// Sends what is there and what comes, until it must end.
    @concurrent private func writeOn(
        until: ContinuousClock.Instant,
        to writer: inout any ResponseBodyWriter
    ) async throws {
        let feed = tail.feed(of: log)
        let losses = feed.enter()
        defer { feed.leave() }
        var position = start
        var writtenAt = ContinuousClock.now
        while !follow.isEnded, ContinuousClock.now < until {
            switch feed.step(at: position, losses: losses) {
            case .page(let page):
                let frames = page.frames(of: follow.caller.app.id, query, from: position)
                position = page.positions.upperBound
                guard frames.readableBytes > 0 else { continue }
                try await Self.write(frames, to: &writer)
                writtenAt = .now
            case .behind(let end):
                let next = try await writePassed(position..<end, to: &writer)
                position = next
                writtenAt = .now
            case .nothing(let place):
                if writtenAt + RequestLimits.followSilenceMax < .now {
                    try await writeHeartbeat(place, to: &writer)
                    writtenAt = .now
                }
                guard !follow.isAbandoned else { throw ReaderGone() }
                await feed.wait(follow, at: position)
            case .lost:
                logger.critical(
                    "a log is not what was read from it before",
                    metadata: ["log": "\(log.name)", "request_id": "\(requestID)"]
                )
                return
            }
        }
    }

    /// Sends a page of what was passed by, and gives where the next one begins.
    @concurrent private func writePassed(
        _ positions: Range<Int64>,
        to writer: inout any ResponseBodyWriter
    ) async throws -> Int64 {
        let found = try await tail.room.read {
            () throws(StoreError) -> (events: [StoredEvent], next: Int64)? in
            // Whoever has gone, or must end, takes no turn from those behind.
            guard !follow.isEnded else { return nil }
            return try await store.passed(query, log: log, positions: positions)
        }
        guard let found else { return positions.lowerBound }
        var frames = ByteBuffer()
        for event in found.events { frames.writeFrame(event, at: LogPlace(of: event)) }
        if frames.readableBytes == 0 {
            // A stretch without any may be one of many.
            frames.writeComment("goes on")
        }
        try await Self.write(frames, to: &writer)
        return found.next
    }

    /// Whoever comes back need not be shown again what nobody asked for.
    @concurrent private func writeHeartbeat(
        _ place: LogPlace?,
        to writer: inout any ResponseBodyWriter
    ) async throws {
        var frame = ByteBuffer()
        if let place { frame.writeString("id: \(place)\n") }
        frame.writeComment("nothing new")
        try await Self.write(frame, to: &writer)
    }

    @concurrent private static func write(
        _ bytes: ByteBuffer,
        to writer: inout any ResponseBodyWriter
    ) async throws {
        do {
            try await writer.write(bytes)
        } catch {
            throw ReaderGone()
        }
    }
}

/// What was asked for is not there whole: the answer must not end as though it were.
private struct CutShort: Error {}
