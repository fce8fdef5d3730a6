import AsyncHTTPClient
import BoundedClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
internal import Wire

extension HumanConnectClient {
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
        let call = BoundedCall(
            request,
            timeMax: configuration.totalTimeMax,
            answerBytesMax: answerBytesMax,
            // The body of a refusal is not needed, and not worth waiting for.
            wantsBody: { $0 == 200 || $0 == 201 }
        )
        let answer: HTTPAnswer
        switch await call.outcome(over: client) {
        case .answered(let received): answer = received
        case .tooLarge: throw .unknown(.answerTooLarge)
        case .gaveUp:
            let reason: HumanConnectError.UnknownReason = Task.isCancelled ? .cancelled : .timedOut
            if body != nil, !upload.began {
                throw .notSent(Task.isCancelled ? .cancelled : .connectTimedOut)
            }
            throw .unknown(reason)
        case .failed(let error):
            throw Self.classify(error, sent: body == nil || upload.began, url: request.url)
        }
        try Self.check(status: answer.status)
        return try AnswerFields.parse(answer.body)
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
