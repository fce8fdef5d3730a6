import AsyncHTTPClient
import BoundedClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Traces
internal import Wire

extension HumanConnectClient {
    /// Sends once, notes how the host does, and gives a 200 or 201 answer in JSON.
    ///
    /// - Parameters:
    ///   - request: without its body.
    ///   - caller: whose call it is, and the base URL that the request's URL begins with.
    ///   - kind: which call it is, for metrics.
    ///   - body: the request's body, in one piece.
    ///   - timeMax: how long it may take.
    ///   - sink: takes the answer's body; the answer is then without it.
    /// - Returns: the answer, its body not looked at.
    /// - Throws: `HumanConnectError`
    func answer(
        to request: HTTPClientRequest,
        by caller: HostHealth.Caller,
        of kind: ProviderCall,
        body: [UInt8]? = nil,
        timeMax: Duration,
        sink: BoundedCall.Sink? = nil
    ) async throws(HumanConnectError) -> HTTPAnswer {
        let call = health.begin(caller)
        let begin = ContinuousClock.now
        let span = Trace.current?.open()
        var request = request
        if let header = Trace.current?.header(of: span) {
            request.headers.add(name: "traceparent", value: header)
        }
        let answer: HTTPAnswer
        do {
            answer = try await send(request, body: body, timeMax: timeMax, sink: sink)
        } catch {
            meter.note(kind, begin.duration(to: .now), error)
            span?.end(.call(kind, at: caller.base, error))
            // A long list that takes long says nothing of the host.
            let isSlowList = sink != nil && error == .unknown(.timedOut)
            let isOurs = isSlowList || Standstill.explains(since: begin, timeMax: timeMax)
            health.end(call, of: caller, isOurs ? .abandoned : error.report)
            throw error
        }
        meter.note(kind, begin.duration(to: .now), status: answer.status)
        span?.end(.call(kind, at: caller.base, status: answer.status))
        health.end(call, of: caller, answer.report)
        try Self.check(answer)
        return answer
    }

    /// Throws if calls to a host have failed lately, or it wants none of this app for now.
    func admit(_ caller: HostHealth.Caller) throws(HumanConnectError) {
        if case .refused(let wait) = health.admit(caller) {
            throw .notSent(.hostIsAway(retryAfter: wait))
        }
    }

    private func send(
        _ request: HTTPClientRequest,
        body: [UInt8]?,
        timeMax: Duration,
        sink: BoundedCall.Sink?
    ) async throws(HumanConnectError) -> HTTPAnswer {
        var request = request
        request.headers.add(name: "Accept", value: "application/json")
        request.headers.add(name: "Connection", value: "close")
        let upload = OneUpload(body ?? [])
        if let body {
            request.body = .stream(upload, length: .known(Int64(body.count)))
        }
        let call = BoundedCall(
            request,
            timeMax: timeMax,
            answerBytesMax: configuration.answerBytesMax,
            sink: sink,
            // Other bodies are not needed, and not worth waiting for.
            wantsBody: { ([200, 201].contains($0) || (400..<500).contains($0)) && $1.sayJSON }
        )
        switch await call.outcome(over: client) {
        case .answered(let answer): return answer
        case .tooLarge: throw .unknown(sink == nil ? .answerTooLarge : .listTooLong)
        case .gaveUp:
            let reason: HumanConnectError.UnknownReason = Task.isCancelled ? .cancelled : .timedOut
            if body != nil, !upload.began {
                throw .notSent(Task.isCancelled ? .cancelled : .connectTimedOut)
            }
            throw .unknown(reason)
        case .failed(let error as HumanConnectError): throw error
        case .failed(let error):
            throw Self.classify(error, sent: body == nil || upload.began, url: request.url)
        }
    }

    private static func check(_ answer: HTTPAnswer) throws(HumanConnectError) {
        let status = answer.status
        switch status {
        case 200, 201:
            guard answer.headers.sayJSON else { throw .unknown(.notJSON) }
        case 300..<400: throw .unknown(.redirected)
        case 408, 425: throw .unknown(.tryLater(status: status))
        case 429: throw .unknown(.tooManyRequests)
        case 400..<500:
            guard answer.isRefusal else { throw .unknown(.foreignRefusal(status: status)) }
            throw .rejected(status: status)
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
        default: break
        }
        guard !sent else { return .unknown(.connectionLost) }
        return .notSent(url.hasPrefix("https:") ? .tlsFailed : .connectionRefused)
    }
}
