internal import AsyncHTTPClient
internal import Foundation
internal import MerkleLog
internal import NIOCore
internal import NIOHTTP1

/// Asks witnesses, one question per call, and believes nothing that it has not verified.
struct WitnessClient: Sendable {
    private enum Outcome: Sendable {
        case answered(status: Int, type: String, body: [UInt8])
        case failed(WitnessAnswer.Failure)
    }

    private let client: HTTPClient
    /// For one question as a whole, up to the last byte of its answer.
    private let answerTimeMax: Duration

    /// A client with connections of its own; `shutdown` ends it.
    init(answerTimeMax: Duration) {
        self.answerTimeMax = answerTimeMax
        var http = HTTPClient.Configuration()
        // Where a checkpoint goes is what the policy says, and nobody else.
        http.redirectConfiguration = .disallow
        http.decompression = .disabled
        http.httpVersion = .http1Only
        http.timeout.connect = TimeAmount(WitnessLimits.connectTimeMax)
        http.timeout.read = TimeAmount(answerTimeMax)
        // Who cannot be reached is asked anew with the next checkpoint.
        http.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: http)
    }

    /// Ends the client; questions under way fail.
    func shutdown() async throws {
        try await client.shutdown()
    }

    /// Asks one witness to cosign.
    func add(_ request: WitnessRequest, to prefix: String, key: VerifierKey) async -> WitnessAnswer
    {
        let path = prefix.hasSuffix("/") ? "add-checkpoint" : "/add-checkpoint"
        switch await race(request.bytes, prefix + path) {
        case .failed(let failure): return .failed(failure)
        case .answered(200, _, let body): return cosigned(request.note, body, key)
        case .answered(400, _, _): return .refused(.malformedRequest)
        case .answered(403, _, _): return .refused(.unknownKey)
        case .answered(404, _, _): return .refused(.unknownLog)
        case .answered(409, let type, let body): return conflict(request, type, body)
        case .answered(422, _, _): return .refused(.notConsistent)
        case .answered(let status, _, _): return .failed(.status(status))
        }
    }

    private func cosigned(
        _ note: SignedNote,
        _ body: [UInt8],
        _ key: VerifierKey
    ) -> WitnessAnswer {
        do {
            // Other keys' lines are ignored, as the specification wants it.
            let own = try NoteSignature.lines(body).filter { $0.isSaidToBe(of: key) }
            let verified = try SignedNote(text: note.text, signatures: own).verify([key])
            guard let signature = own.first, let time = verified.first?.time else {
                return .failed(.malformedAnswer)
            }
            let (seconds, isFar) = time.subtractingReportingOverflow(
                Int(Date().timeIntervalSince1970)
            )
            guard !isFar, abs(seconds) <= WitnessLimits.clockDifferenceSecondsMax else {
                return .failed(.clockDiffers(seconds: seconds))
            }
            return .cosigned(signature)
        } catch {
            return .failed(.malformedAnswer)
        }
    }

    private func conflict(
        _ request: WitnessRequest,
        _ type: String,
        _ body: [UInt8]
    ) -> WitnessAnswer {
        let isSize = type.lowercased().split(separator: ";").first == "text/x.tlog.size"
        let text = String(decoding: body, as: UTF8.self)
        let isSameSize = request.oldSize == request.checkpoint.size
        // Of a conflict of roots the specification does not say what its answer holds.
        guard isSize, let size = Int(text.dropLast()), size >= 0,
            "\(size)\n".utf8.elementsEqual(body)
        else { return isSameSize ? .refused(.otherTree) : .failed(.malformedAnswer) }
        guard size == request.oldSize else { return .conflict(size: size) }
        return isSameSize ? .refused(.otherTree) : .failed(.malformedAnswer)
    }

    /// The request against the clock.
    ///
    /// The HTTP client's own deadline ends with the answer's head, so an answer that drips would
    /// otherwise hold us for ever.
    private func race(_ body: [UInt8], _ url: String) async -> Outcome {
        let limit = answerTimeMax
        return await withTaskGroup(of: Outcome.self) { group in
            group.addTask { await perform(body, url) }
            group.addTask {
                try? await Task.sleep(for: limit)
                return .failed(.timedOut)
            }
            let first = await group.next() ?? .failed(.timedOut)
            group.cancelAll()
            return first
        }
    }

    private func perform(_ body: [UInt8], _ url: String) async -> Outcome {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "text/plain; charset=utf-8")
        request.body = .bytes(body)
        do {
            let limit = TimeAmount(answerTimeMax)
            let response = try await client.execute(request, timeout: limit)
            var answer: [UInt8] = []
            for try await part in response.body {
                guard answer.count + part.readableBytes <= WitnessLimits.answerBytesMax else {
                    return .failed(.answerTooLarge)
                }
                answer += part.readableBytesView
            }
            // A cancelled body ends like a complete one.
            guard !Task.isCancelled else { return .failed(.timedOut) }
            return .answered(
                status: Int(response.status.code),
                type: response.headers.first(name: "content-type") ?? "",
                body: answer
            )
        } catch let error as HTTPClientError
            where [.deadlineExceeded, .readTimeout, .connectTimeout].contains(error)
        {
            return .failed(.timedOut)
        } catch {
            return .failed(.unreachable)
        }
    }
}
