internal import AsyncHTTPClient
internal import BoundedClient
internal import Foundation
internal import MerkleLog
internal import NIOHTTP1

/// Asks witnesses, one question per call, and believes nothing that it has not verified.
struct WitnessClient: Sendable {
    private let client: HTTPClient
    /// For one question as a whole, up to the last byte of its answer.
    private let answerTimeMax: Duration

    /// A client with connections of its own; `shutdown` ends it.
    init(answerTimeMax: Duration) {
        self.answerTimeMax = answerTimeMax
        client = HTTPClient(
            eventLoopGroupProvider: .singleton,
            configuration: .bounded(
                connectTimeMax: WitnessLimits.connectTimeMax,
                totalTimeMax: answerTimeMax
            )
        )
    }

    /// Ends the client; questions under way fail.
    func shutdown() async throws {
        try await client.shutdown()
    }

    /// Asks one witness to cosign.
    func add(_ request: WitnessRequest, to prefix: String, key: VerifierKey) async -> WitnessAnswer
    {
        let path = prefix.hasSuffix("/") ? "add-checkpoint" : "/add-checkpoint"
        switch await send(request.bytes, prefix + path) {
        case .answered(let answer): return judge(answer, to: request, key)
        case .tooLarge: return .failed(.answerTooLarge)
        case .gaveUp: return .failed(.timedOut)
        case .failed(let error): return .failed(Self.failure(error))
        }
    }

    private func judge(
        _ answer: HTTPAnswer,
        to request: WitnessRequest,
        _ key: VerifierKey
    ) -> WitnessAnswer {
        switch answer.status {
        case 200: cosigned(request.note, answer.body, key)
        case 400: .failed(.malformedRequest)
        case 401, 403: .failed(.forbidden)
        case 404: .failed(.unknownLog)
        case 409: conflict(request, answer.headers.first(name: "content-type") ?? "", answer.body)
        case 422: .refused(isSameSize(request) ? .otherTree : .notConsistent)
        case 429, 503:
            .failed(
                .overloaded(
                    retryAfterSeconds: answer.headers.first(name: "retry-after").flatMap { Int($0) }
                )
            )
        default: .failed(.status(answer.status))
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
        guard isSize, let size = Int(text.dropLast()), size >= 0,
            "\(size)\n".utf8.elementsEqual(body)
        else { return .failed(.malformedAnswer) }
        guard size == request.oldSize else { return .conflict(size: size) }
        // What it names is what it was told. Before 2026 the protocol said so of another tree.
        return isSameSize(request) ? .refused(.otherTree) : .failed(.malformedAnswer)
    }

    private func isSameSize(_ request: WitnessRequest) -> Bool {
        request.oldSize == request.checkpoint.size
    }

    private func send(_ body: [UInt8], _ url: String) async -> CallOutcome {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "text/plain; charset=utf-8")
        request.body = .bytes(body)
        let call = BoundedCall(
            request,
            timeMax: answerTimeMax,
            answerBytesMax: WitnessLimits.answerBytesMax
        )
        return await call.outcome(over: client)
    }

    private static func failure(_ error: any Error) -> WitnessAnswer.Failure {
        switch error as? HTTPClientError {
        case .deadlineExceeded, .readTimeout, .connectTimeout: .timedOut
        default: .unreachable
        }
    }
}
