package import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1

/// A request that is sent once, and what it may take until its answer is there.
package struct BoundedCall: Sendable {
    private let request: HTTPClientRequest
    private let timeMax: Duration
    private let answerBytesMax: Int
    private let wantsBody: @Sendable (_ status: Int) -> Bool

    /// Makes a call; nothing is sent yet.
    ///
    /// - Parameters:
    ///   - request: what to send.
    ///   - timeMax: how long it may take, up to the last byte of the answer.
    ///   - answerBytesMax: how long the answer's body may be.
    ///   - wantsBody: whether the body of an answer with such a status is waited for.
    package init(
        _ request: HTTPClientRequest,
        timeMax: Duration,
        answerBytesMax: Int,
        wantsBody: @escaping @Sendable (_ status: Int) -> Bool = { _ in true }
    ) {
        self.request = request
        self.timeMax = timeMax
        self.answerBytesMax = answerBytesMax
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
                    return Task.isCancelled ? .gaveUp : .failed(error)
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
        if wantsBody(status) {
            for try await part in response.body {
                guard body.count + part.readableBytes <= answerBytesMax else { return .tooLarge }
                body += part.readableBytesView
            }
            // A cancelled body ends like a complete one.
            guard !Task.isCancelled else { return .gaveUp }
        }
        return .answered(HTTPAnswer(status: status, headers: response.headers, body: body))
    }
}
