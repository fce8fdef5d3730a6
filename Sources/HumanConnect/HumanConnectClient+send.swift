import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
internal import Wire

extension HumanConnectClient {
    /// What came back, before it is judged.
    private struct Answer: Sendable {
        var status: Int
        var body: [UInt8]
    }

    private enum Outcome: Sendable {
        case answered(Answer)
        case failed(HumanConnectError)
        case deadline
    }

    /// Sends once and gives the JSON of a 200 or 201 answer.
    func send(
        _ request: HTTPClientRequest,
        body: [UInt8]?,
        answerBytesMax: Int
    ) async throws(HumanConnectError) -> JSONValue {
        var request = request
        request.headers.add(name: "Accept", value: "application/json")
        request.headers.add(name: "Connection", value: "close")
        let upload = OneUpload(body ?? [])
        if let body {
            request.body = .stream(upload, length: .known(Int64(body.count)))
        }
        let answer: Answer
        switch await race(request, upload: upload, answerBytesMax: answerBytesMax) {
        case .answered(let received): answer = received
        case .failed(let error): throw error
        case .deadline:
            let reason: HumanConnectError.UnknownReason = Task.isCancelled ? .cancelled : .timedOut
            if body != nil, !upload.began {
                throw .notSent(Task.isCancelled ? .cancelled : .connectTimedOut)
            }
            throw .unknown(reason)
        }
        try Self.check(status: answer.status)
        return try AnswerFields.parse(answer.body)
    }

    /// The request against the clock.
    ///
    /// The HTTP client's own deadline ends with the answer's head, so an answer that drips would
    /// otherwise hold us for ever.
    private func race(
        _ request: HTTPClientRequest,
        upload: OneUpload,
        answerBytesMax: Int
    ) async -> Outcome {
        let limit = configuration.totalTimeMax
        return await withTaskGroup(of: Outcome.self) { group in
            group.addTask {
                await perform(request, upload: upload, answerBytesMax: answerBytesMax)
            }
            group.addTask {
                try? await Task.sleep(for: limit)
                return .deadline
            }
            let first = await group.next() ?? .deadline
            group.cancelAll()
            return first
        }
    }

    private func perform(
        _ request: HTTPClientRequest,
        upload: OneUpload,
        answerBytesMax: Int
    ) async -> Outcome {
        do {
            let limit = TimeAmount(configuration.totalTimeMax)
            let response = try await client.execute(request, timeout: limit)
            let status = Int(response.status.code)
            // The body of a refusal is not needed, and not worth waiting for.
            guard status == 200 || status == 201 else {
                return .answered(Answer(status: status, body: []))
            }
            var body: [UInt8] = []
            for try await part in response.body {
                guard body.count + part.readableBytes <= answerBytesMax else {
                    return .failed(.unknown(.answerTooLarge))
                }
                body += part.readableBytesView
            }
            // A cancelled body ends like a complete one.
            guard !Task.isCancelled else { return .deadline }
            return .answered(Answer(status: status, body: body))
        } catch {
            guard !Task.isCancelled else { return .deadline }
            let sent = request.body == nil || upload.began
            return .failed(Self.classify(error, sent: sent, url: request.url))
        }
    }

    private static func check(status: Int) throws(HumanConnectError) {
        switch status {
        case 200, 201: return
        case 300..<400: throw .unknown(.redirected)
        case 408, 425: throw .unknown(.tryLater(status: status))
        case 429: throw .unknown(.tooManyRequests)
        case 400..<500: throw .rejected(status: status)
        case 500...: throw .unknown(.serverError(status: status))
        default: throw .unknown(.unexpectedStatus(status))
        }
    }

    /// Finds the class of a failed call.
    ///
    /// - Parameters:
    ///   - error: what the HTTP client threw.
    ///   - sent: whether the body was asked for. It is not before the connection stands and
    ///     TLS is up, so while it was not, nothing the provider could act on has left.
    ///   - url: tells whether TLS was to be used.
    /// - Returns: the error to throw.
    private static func classify(
        _ error: any Error,
        sent: Bool,
        url: String
    ) -> HumanConnectError {
        if let error = error as? NIOConnectionError {
            return .notSent(error.connectionErrors.isEmpty ? .nameLookup : .connectionRefused)
        }
        // An address in numbers is connected to directly, without the error above around it.
        if !sent, let code = (error as? IOError)?.errnoCode,
            [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH].contains(code)
        {
            return .notSent(.connectionRefused)
        }
        switch error as? HTTPClientError {
        case .connectTimeout, .getConnectionFromPoolTimeout: return .notSent(.connectTimedOut)
        case .tlsHandshakeTimeout: return .notSent(.tlsFailed)
        case .alreadyShutdown: return .notSent(.notConfigured)
        case .deadlineExceeded, .readTimeout:
            return sent ? .unknown(.timedOut) : .notSent(.connectTimedOut)
        default: break
        }
        guard !sent else { return .unknown(.connectionLost) }
        return .notSent(url.hasPrefix("https:") ? .tlsFailed : .connectionRefused)
    }
}
