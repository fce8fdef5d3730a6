package import AsyncHTTPClient
internal import NIOCore
package import NIOHTTP1

/// A request that is sent once, and what it may take until its answer is there.
package struct BoundedCall: Sendable {
    /// Takes the body of a good answer part by part, so that nobody has to hold all of it.
    package struct Sink: Sendable {
        let bytesMax: Int
        let take: @Sendable ([UInt8]) throws -> Void

        /// - Parameters:
        ///   - bytesMax: how long the body may be.
        ///   - take: gets each part; what it throws ends the call.
        package init(bytesMax: Int, take: @escaping @Sendable ([UInt8]) throws -> Void) {
            self.bytesMax = bytesMax
            self.take = take
        }
    }

    private let request: HTTPClientRequest
    private let timeMax: Duration
    private let answerBytesMax: Int
    private let sink: Sink?
    private let wantsBody: @Sendable (_ status: Int, _ headers: HTTPHeaders) -> Bool

    /// Makes a call; nothing is sent yet.
    ///
    /// - Parameters:
    ///   - request: what to send.
    ///   - timeMax: how long it may take, up to the last byte of the answer.
    ///   - answerBytesMax: how long the answer's body may be.
    ///   - sink: takes the body of an answer of class 2xx; the answer is then without it.
    ///   - wantsBody: whether the body of an answer with such a head is waited for.
    package init(
        _ request: HTTPClientRequest,
        timeMax: Duration,
        answerBytesMax: Int,
        sink: Sink? = nil,
        wantsBody: @escaping @Sendable (_ status: Int, _ headers: HTTPHeaders) -> Bool = { _, _ in
            true
        }
    ) {
        self.request = request
        self.timeMax = timeMax
        self.answerBytesMax = answerBytesMax
        self.sink = sink
        self.wantsBody = wantsBody
    }

    /// Sends the request, and races against the clock.
    ///
    /// The HTTP client's own deadline ends with the answer's head, so an answer that drips would
    /// otherwise hold us for ever.
    package func outcome(over client: HTTPClient) async -> CallOutcome {
        await withTaskGroup(of: CallOutcome.self) { group in
            group.addTask {
                do {
                    return try await answer(client)
                } catch {
                    let isLate = [.deadlineExceeded, .readTimeout].contains(
                        error as? HTTPClientError
                    )
                    return isLate || Task.isCancelled ? .gaveUp : .failed(error)
                }
            }
            group.addTask {
                try? await Task.sleep(for: timeMax)
                return .gaveUp
            }
            let first = await group.next() ?? .gaveUp
            group.cancelAll()
            return first
        }
    }

    private func answer(_ client: HTTPClient) async throws -> CallOutcome {
        let response = try await client.execute(request, timeout: TimeAmount(timeMax))
        let status = Int(response.status.code)
        var body: [UInt8] = []
        if wantsBody(status, response.headers) {
            let sink = (200..<300).contains(status) ? sink : nil
            let bytesMax = sink?.bytesMax ?? answerBytesMax
            var bytes = 0
            for try await part in response.body {
                bytes += part.readableBytes
                guard bytes <= bytesMax else { return .tooLarge }
                let piece = Array(part.readableBytesView)
                if let sink { try sink.take(piece) } else { body += piece }
            }
            // A cancelled body ends like a complete one.
            guard !Task.isCancelled else { return .gaveUp }
        }
        return .answered(HTTPAnswer(status: status, headers: response.headers, body: body))
    }
}
