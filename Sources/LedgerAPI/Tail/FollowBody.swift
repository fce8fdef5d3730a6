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
    /// Which logs; of several each event is sent with the places in all of them.
    let logs: [Log]
    let query: EventQuery
    /// With what stands before it, if anything does: who is cut off before an event can come back.
    let start: LogPlaces
    /// Where each log ends, for who wants only what is there; nil for who follows.
    let ends: [Int64]?
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
        if let id = id(start) { hello.writeID(id) }
        hello.writeComment("begins")
        try await Self.write(hello, to: &writer)
        // A shutdown would wait for whoever waits for events, or reads them slowly.
        try await withTaskCancellationOrGracefulShutdownHandler {
            let until = ContinuousClock.now + RequestLimits.followTimeMax
            if let ends {
                try await writeAll(before: ends, until: until, to: &writer)
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

    /// With what somebody comes back who has got this far; nil where nothing stands there, or nobody has looked.
    private func id(_ places: LogPlaces) -> String? {
        guard logs.count > 1 else { return places.reached[0].place?.description }
        return places.reached.contains { $0.next > 0 } ? places.text : nil
    }

    /// Sends what is there; throws where it must end before, for an answer that ends in order is whole.
    @concurrent private func writeAll(
        before ends: [Int64],
        until: ContinuousClock.Instant,
        to writer: inout any ResponseBodyWriter
    ) async throws {
        var places = start
        while zip(places.reached, ends).contains(where: { $0.next < $1 }) {
            guard !follow.isEnded, ContinuousClock.now < until else { throw CutShort() }
            places = try await writePassed(places, before: ends, to: &writer)
        }
    }

    /// Sends what is there and what comes, until it must end.
    @concurrent private func writeOn(
        until: ContinuousClock.Instant,
        to writer: inout any ResponseBodyWriter
    ) async throws {
        let feeds = logs.map { tail.feed(of: $0) }
        let losses = feeds.map { $0.enter() }
        defer { for feed in feeds { feed.leave(follow.bell) } }
        var places = start
        var writtenAt = ContinuousClock.now
        // Each feed begins to look by itself; what is there already is told in one order.
        let there = logs.count > 1 ? try await store.ends(of: logs) : []
        while zip(places.reached, there).contains(where: { $0.next < $1 }), !follow.isEnded {
            places = try await writePassed(places, before: there, to: &writer)
        }
        while !follow.isEnded, ContinuousClock.now < until {
            let look = FollowLook(at: places, feeds, losses)
            places = look.places
            if let lost = look.lost {
                logger.critical(
                    "a log is not what was read from it before",
                    metadata: ["log": "\(lost.name)", "request_id": "\(requestID)"]
                )
                return
            }
            if look.isBehind {
                places = try await writePassed(places, before: look.ends, to: &writer)
                writtenAt = .now
            } else if !look.pages.isEmpty {
                let frames = frames(of: look)
                places = look.reached
                guard frames.readableBytes > 0 else { continue }
                try await Self.write(frames, to: &writer)
                writtenAt = .now
            } else {
                if writtenAt + RequestLimits.followSilenceMax < .now {
                    try await writeHeartbeat(at: places, to: &writer)
                    writtenAt = .now
                }
                guard !follow.isAbandoned else { throw ReaderGone() }
                for (feed, reached) in zip(feeds, places.reached) {
                    feed.ring(follow.bell, at: reached.next)
                }
                await follow.bell.wait()
            }
        }
    }

    /// What is sent of the pages of a look.
    private func frames(of look: FollowLook) -> ByteBuffer {
        let app = follow.caller.app.id
        guard logs.count > 1 else {
            // All who follow one log get the same bytes.
            return look.pages[0].page.frames(of: app, query, from: look.places.reached[0].next)
        }
        var frames = ByteBuffer()
        for (frame, places) in look.merged(of: app, query) {
            frames.writeID(places.text)
            frames.writeImmutableBuffer(frame.bytes)
        }
        return frames
    }

    /// Sends a page of what was passed by, and gives where the next one begins.
    @concurrent private func writePassed(
        _ places: LogPlaces,
        before ends: [Int64],
        to writer: inout any ResponseBodyWriter
    ) async throws -> LogPlaces {
        let found = try await tail.room.read { () throws(StoreError) -> MergedEvents? in
            // Whoever has gone, or must end, takes no turn from those behind.
            guard !follow.isEnded else { return nil }
            return try await store.passed(query, logs: logs, from: places, ends: ends)
        }
        guard let found else { return places }
        var frames = ByteBuffer()
        var running = places
        for event in found.events {
            let reached = LogPlaces.Reached(behind: LogPlace(of: event))
            running = running.with(reached, at: logs.firstIndex(of: event.log) ?? 0)
            if let id = id(running) { frames.writeID(id) }
            frames.writeFrame(event)
        }
        if frames.readableBytes == 0 {
            // A stretch without any may be one of many.
            frames.writeComment("goes on")
        }
        try await Self.write(frames, to: &writer)
        // Of one log the next event says where it is.
        guard logs.count > 1 else { return found.places }
        return try await store.known(found.places, in: logs)
    }

    /// Whoever comes back need not be shown again what nobody asked for.
    @concurrent private func writeHeartbeat(
        at places: LogPlaces,
        to writer: inout any ResponseBodyWriter
    ) async throws {
        var frame = ByteBuffer()
        if let id = id(places) { frame.writeID(id) }
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
