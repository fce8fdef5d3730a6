internal import AsyncHTTPClient
internal import BoundedClient
internal import NIOCore
internal import NIOHTTP1

/// The app's events as they happen, each once and in order, through as many connections as it takes.
///
/// A lost connection is made again where it was. It ends with an error when the service refuses for a
/// reason that stays: the key (401, 403), the selection (400, 404), a log that was restored (409
/// `historyDiffers`); or when there was no connection to begin with. Cancelling the task ends it without.
public struct LedgerEvents: AsyncSequence, Sendable {
    /// What is told.
    public typealias Element = TailedEvent
    /// Why it ends.
    public typealias Failure = LedgerClientError

    let client: LedgerClient
    let selection: TailSelection
    /// Where the last reader stopped; empty for the beginning of the selection.
    let resumeID: String

    /// Begins to follow.
    public func makeAsyncIterator() -> Iterator {
        Iterator(client, selection, resumeID)
    }

    /// One follower.
    public struct Iterator: AsyncIteratorProtocol {
        private let client: LedgerClient
        private let url: String
        private let endsWithLog: Bool
        private var reader: EventStreamReader
        private var stream: HTTPClientResponse.Body.AsyncIterator?
        /// What came in one piece with the last event.
        private var pending: ArraySlice<EventStreamReader.Event> = []
        private var wasOpen = false
        private var isOver = false
        /// How often in a row nothing came of a connection.
        private var failures = 0

        init(_ client: LedgerClient, _ selection: TailSelection, _ resumeID: String) {
            self.client = client
            let query = selection.query
            url = client.address("/v1/events/tail" + (query.isEmpty ? "" : "?" + query))
            endsWithLog = selection.endsWithLog
            reader = EventStreamReader(bytesMax: ClientLimits.eventBytesMax, lastID: resumeID)
        }

        /// Waits for the next event.
        public mutating func next() async throws(LedgerClientError) -> TailedEvent? {
            try await next(isolation: nil)
        }

        /// Waits for the next event.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(LedgerClientError) -> TailedEvent? {
            while !isOver, !Task.isCancelled {
                if let event = pending.popFirst() {
                    do {
                        return try TailedEvent(event)
                    } catch {
                        throw last(error)
                    }
                }
                if stream != nil { await read() } else { try await connect() }
            }
            stream = nil
            return nil
        }

        /// After an error nothing more comes.
        private mutating func last(_ error: LedgerClientError) -> LedgerClientError {
            isOver = true
            return error
        }

        /// Takes what has come; a stream that ends or fails is none any more.
        private mutating func read() async {
            var events: [EventStreamReader.Event] = []
            var isLost = false
            do {
                if let part = try await stream?.next(isolation: #isolation) {
                    _ = try await reader.read(part.readableBytesView) { event in
                        events.append(event)
                        return true
                    }
                } else {
                    isLost = true
                    // A cancelled body ends like a complete one.
                    isOver = endsWithLog && !Task.isCancelled
                }
            } catch {
                // It is made again, behind the last event that was whole.
                isLost = true
            }
            pending = events[...]
            if !events.isEmpty { failures = 0 }
            guard isLost else { return }
            stream = nil
            if !isOver { await pause(reader.retry ?? ClientLimits.pause) }
        }

        private mutating func connect() async throws(LedgerClientError) {
            reader.begin()
            var request = HTTPClientRequest(url: url)
            request.headers = client.authorization
            request.headers.add(name: "Accept", value: "text/event-stream")
            if !reader.lastID.isEmpty {
                request.headers.add(name: "Last-Event-ID", value: reader.lastID)
            }
            let refusal: (status: Int, headers: HTTPHeaders, body: [UInt8])
            do {
                let response = try await client.http.execute(
                    request,
                    timeout: .seconds(ClientLimits.headTimeMaxSeconds)
                )
                let type = response.headers.first(name: "content-type") ?? ""
                if response.status == .ok, type.hasPrefix("text/event-stream") {
                    stream = response.body.makeAsyncIterator()
                    wasOpen = true
                    return
                }
                let body = try await response.body.collect(upTo: ClientLimits.answerBytesMax)
                refusal = (
                    Int(response.status.code), response.headers, Array(body.readableBytesView)
                )
            } catch {
                guard !Task.isCancelled else { return }
                guard wasOpen else { throw last(.unreachable) }
                return await pause(reader.retry ?? ClientLimits.pause)
            }
            guard refusal.status >= 500 || refusal.status == 429 else {
                throw last(LedgerClient.failure(refusal.status, refusal.headers, refusal.body))
            }
            await pause(refusal.headers.retryAfter ?? reader.retry ?? ClientLimits.pause)
        }

        /// Waits before the next connection: twice as long each time, and not all followers at once.
        private mutating func pause(_ first: Duration) async {
            failures += 1
            let most = Swift.min(ClientLimits.pauseMax, first * (1 << Swift.min(failures - 1, 10)))
            try? await Task.sleep(for: most * Double.random(in: 0.5...1))
        }
    }
}

extension LedgerClient {
    /// Follows the app's events (scope `events:read`).
    ///
    /// - Parameters:
    ///   - selection: which events.
    ///   - resumeID: where an earlier reader stopped, the `resumeID` of its last event; nil begins where
    ///     the selection says.
    /// - Returns: the events; each iterator is a follower of its own.
    public func events(
        _ selection: TailSelection = TailSelection(),
        after resumeID: String? = nil
    ) -> LedgerEvents {
        LedgerEvents(client: self, selection: selection, resumeID: resumeID ?? "")
    }
}
