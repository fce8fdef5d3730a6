import Foundation
import HTTPTypes
import Hummingbird
import Ledger
import LedgerStore
import Logging
import NIOCore
import NIOEmbedded
import Synchronization
import TestSupport
import Testing
import Vault

@testable import LedgerAPI

/// What is held for those who follow.
@Suite("The memory of a follow", .oneServiceAtATime, .timeLimit(.minutes(10)))
struct FollowMemoryTests {
    private static let count = 6_000

    /// A reader that takes nothing until it is let, and counts what it is handed.
    private final class Reader: ResponseBodyWriter, Sendable {
        struct State {
            var isOpen = false
            var events = 0
            var longest = 0
            var writes = 0
            var waiter: CheckedContinuation<Void, Never>?
        }

        let state = Mutex(State())

        func write(_ buffer: ByteBuffer) async throws {
            // A page ends with an event's end.
            let events = String(buffer: buffer).components(separatedBy: "\ndata: ").count - 1
            await withCheckedContinuation { continuation in
                let isOpen = state.withLock { state in
                    state.writes += 1
                    state.longest = max(state.longest, buffer.readableBytes)
                    state.events += events
                    // The first word is taken.
                    let isTaken = state.isOpen || state.writes == 1
                    if !isTaken { state.waiter = continuation }
                    return isTaken
                }
                if isOpen { continuation.resume() }
            }
        }

        func finish(_ trailingHeaders: HTTPFields?) async throws {}

        func open() {
            let waiter = state.withLock { state in
                state.isOpen = true
                return state.waiter.take()
            }
            waiter?.resume()
        }
    }

    /// Rows of an app that are no real records, with numbers.
    private func fill(_ service: TestService, _ count: Int) async throws {
        try await service.damage(
            """
            insert into ledger.event (log_id, position, event_id, app_id, type, recorded_at, record)
            select 0, size + n, gen_random_uuid(), '\(service.app.id)', 'launch.closed', now(),
                convert_to('{"filled":"' || repeat('x', 500) || '"}', 'UTF8')
            from ledger.log, generate_series(0, \(count - 1)) n where log_id = 0;
            update ledger.log set size = size + \(count) where log_id = 0;
            """
        )
    }

    private func caller(_ service: TestService) async throws -> (Caller, LedgerRequestContext) {
        let channel = NIOAsyncTestingChannel()
        try await channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1))
        var context = LedgerRequestContext(
            source: ApplicationRequestContextSource(
                channel: channel,
                logger: service.logs.logger()
            )
        )
        context.count(by: CallLimits(.unlimited))
        let request = Request(
            head: HTTPRequest(
                method: .get,
                scheme: nil,
                authority: nil,
                path: "/",
                headerFields: [.authorization: "Bearer " + service.key]
            ),
            body: .init(buffer: ByteBuffer())
        )
        let caller = try await Caller(request, context, scope: .eventsRead, store: service.served)
        return (caller, context)
    }

    private func body(
        _ service: TestService,
        _ tail: EventTail,
        from start: Int64,
        end: Int64?
    ) async throws -> (follow: Follow, body: FollowBody) {
        let (caller, context) = try await caller(service)
        let follow = await Follow(caller, context)
        let body = FollowBody(
            logs: [.facts],
            query: EventQuery(clientID: service.app.clientID, types: ["launch.closed"]),
            start: LogPlaces([LogPlaces.Reached(next: start)]),
            ends: end.map { [$0] },
            place: try tail.room.enter(follow),
            tail: tail,
            store: service.served,
            requestID: "id",
            logger: service.logs.logger()
        )
        return (follow, body)
    }

    @Test("what is there and must end before all of it was sent does not end in order")
    func cutShort() async throws {
        try await TestService.run { service in
            let start = try await service.store.size(log: .facts)
            try await fill(service, Self.count)
            let tail = EventTail(service.served, logger: service.logs.logger())
            let end = start + Int64(Self.count)
            for isCut in [false, true] {
                let (follow, body) = try await body(service, tail, from: start, end: end)
                let reader = Reader()
                let outcome = await withTaskGroup(of: Result<Void, any Error>.self) { group in
                    group.addTask {
                        var writer: any ResponseBodyWriter = reader
                        do {
                            return .success(try await body.send(to: &writer))
                        } catch {
                            return .failure(error)
                        }
                    }
                    defer { reader.open() }
                    await #expect(throws: Never.self) {
                        try await eventually("a page is in the reader's hands") {
                            reader.state.withLock { $0.writes >= 2 }
                        }
                    }
                    if isCut { follow.end() }
                    reader.open()
                    return await group.next()
                }
                let events = reader.state.withLock(\.events)
                if isCut {
                    #expect(throws: (any Error).self) { try outcome?.get() }
                    #expect(events > 0 && events < Self.count)
                } else {
                    #expect(throws: Never.self) { try outcome?.get() }
                    #expect(events == Self.count)
                }
            }
        }
    }

    @Test("of a log's end the last pages are kept, so many and so many bytes, and no others")
    func pages() async throws {
        try await TestService.run { service in
            try await fill(service, 120)
            let events = try await service.store.end(of: .facts, from: 0).events
            let whole = try #require(FeedPage(events[...], from: 0))
            let one = try #require(FeedPage(events.suffix(1), from: 0))
            #expect(whole.byteCount > 60_000 && one.byteCount < 1_000)
            for (page, isByBytes) in [(whole, true), (one, false)] {
                var pages = FeedPages()
                var most = 0
                for _ in 0..<200 {
                    pages.append(page)
                    most = max(most, pages.byteCount)
                }
                let count = pages.byteCount / page.byteCount
                #expect(most <= RequestLimits.feedBytesMax)
                #expect(count == RequestLimits.feedPagesMax || (isByBytes && count > 40))
            }
            var pages = FeedPages()
            for event in events.indices {
                let start = events[event].event.position
                pages.append(try #require(FeedPage(events[event...event], from: start)))
            }
            let last = try #require(events.last).event.position
            #expect(pages.page(at: last)?.positions == last..<(last + 1))
            let first = last - Int64(RequestLimits.feedPagesMax) + 1
            #expect(pages.page(at: first)?.positions == first..<(first + 1))
            #expect(pages.page(at: first - 1) == nil, "it is to be read from the log")
        }
    }

    @Test("who reads nothing is held one page for, however much comes, and then gets all of it")
    func slow() async throws {
        try await TestService.run { service in
            let tail = EventTail(service.served, logger: service.logs.logger())
            let feed = tail.feed(of: .facts)
            let start = try await service.store.size(log: .facts)
            let (follow, body) = try await body(service, tail, from: start, end: nil)
            let reader = Reader()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await tail.run() }
                group.addTask {
                    var writer: any ResponseBodyWriter = reader
                    try await body.send(to: &writer)
                }
                // Before anything that may throw: who waits for the reader would wait for ever.
                defer { reader.open() }
                try await eventually("it has begun") { reader.state.withLock { $0.writes >= 1 } }
                for _ in 0..<6 { try await fill(service, Self.count / 6) }
                // Somebody who reads has the feed read on.
                let size = try await service.store.size(log: .facts)
                try await eventually("the feed has read all") {
                    if case .nothing(.some) = feed.step(at: size, losses: 0) { true } else { false }
                }
                #expect(reader.state.withLock(\.writes) == 2, "one page is in the reader's hands")
                reader.open()
                try await eventually("it has got all") {
                    reader.state.withLock { $0.events == Self.count }
                }
                follow.end()
                group.cancelAll()
                while let _ = try? await group.next() {}
            }
            // A page ends with the record that fills it.
            #expect(reader.state.withLock(\.longest) < 2 * 65_536)
            #expect(reader.state.withLock(\.longest) > 32_768)
        }
    }
}
