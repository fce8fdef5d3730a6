internal import AsyncHTTPClient
internal import NIOCore
package import NIOHTTP1

/// A call whose answer is a stream of events, without an end unless the other side ends it.
///
/// It has no deadline but those for the first word and for silence: who is there says something now
/// and then.
package struct EventStreamCall: Sendable {
    /// What came of it.
    package enum Outcome: Sendable {
        /// The stream ended as answers do.
        case ended
        /// There was another answer than a stream.
        case refused(HTTPAnswer)
        /// The connection was lost, or nothing was heard for too long.
        case lost(any Error)
        /// Whoever takes the events takes no more.
        case left
    }

    private static let connectTimeMax: Duration = .seconds(10)
    /// How long the head of the answer, or a refusal, may be waited for.
    private static let headTimeMax: TimeAmount = .seconds(30)
    private static let refusalBytesMax = 65_536

    private let url: String
    private let headers: HTTPHeaders
    private let silenceMax: Duration

    /// - Parameters:
    ///   - url: what is asked for.
    ///   - headers: what is sent beside what makes it a call for events.
    ///   - silenceMax: how long nothing may be heard until the other side counts as lost.
    package init(url: String, headers: HTTPHeaders, silenceMax: Duration) {
        self.url = url
        self.headers = headers
        self.silenceMax = silenceMax
    }

    /// Calls once, going on where the reader is; `isOpen` is told that events may come, and `take` gets
    /// each event and says whether it wants more.
    package func outcome(
        _ reader: inout EventStreamReader,
        isOpen: () -> Void,
        take: (EventStreamReader.Event) async -> Bool
    ) async -> Outcome {
        let client = HTTPClient(
            eventLoopGroupProvider: .singleton,
            configuration: .bounded(
                connectTimeMax: Self.connectTimeMax,
                totalTimeMax: silenceMax
            )
        )
        let outcome: Outcome
        do {
            outcome = try await answer(client, &reader, isOpen, take)
        } catch {
            outcome = .lost(error)
        }
        try? await client.shutdown()
        return outcome
    }

    private func answer(
        _ client: HTTPClient,
        _ reader: inout EventStreamReader,
        _ isOpen: () -> Void,
        _ take: (EventStreamReader.Event) async -> Bool
    ) async throws -> Outcome {
        reader.begin()
        var request = HTTPClientRequest(url: url)
        request.headers = headers
        request.headers.add(name: "Accept", value: "text/event-stream")
        if !reader.lastID.isEmpty {
            request.headers.add(name: "Last-Event-ID", value: reader.lastID)
        }
        let response = try await client.execute(request, timeout: Self.headTimeMax)
        let type = response.headers.first(name: "content-type") ?? ""
        guard response.status == .ok, type.hasPrefix("text/event-stream") else {
            let body = try await response.body.collect(upTo: Self.refusalBytesMax)
            return .refused(
                HTTPAnswer(
                    status: Int(response.status.code),
                    headers: response.headers,
                    body: Array(body.readableBytesView)
                )
            )
        }
        isOpen()
        for try await part in response.body {
            guard try await reader.read(part.readableBytesView, take: take) else {
                return .left
            }
        }
        // A cancelled body ends like a complete one.
        return Task.isCancelled ? .left : .ended
    }
}
