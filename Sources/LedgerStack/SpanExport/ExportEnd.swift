internal import AsyncHTTPClient
internal import BoundedClient
internal import NIOHTTP1
internal import Wire

/// What became of spans that were to be sent, by the words of `error.type`.
enum ExportEnd: String, CaseIterable {
    /// The collector has them.
    case taken = ""
    /// It took the request, and not all of its spans.
    case rejected
    /// It refused the request, for good or again and again.
    case refused
    /// It said nothing in time.
    case timedOut = "timed_out"
    /// Nobody was reached, or the connection was lost.
    case unreachable
    /// The service ended first.
    case ended = "shut_down"
}

/// What one request came to.
struct ExportAnswer {
    let end: ExportEnd
    /// How many spans were not taken of a request that was.
    var rejected = 0
    /// Whether the same request may be sent again (OTLP, section "Retryable Response Codes").
    var mayRepeat = false
    /// How long the collector wants to be left alone.
    var wait: Duration?
}

extension ExportAnswer {
    /// What asks to come back later.
    private static let passing: Set = [429, 502, 503, 504]
    private static let depthMax = 8

    init(_ outcome: CallOutcome) {
        switch outcome {
        case .answered(let answer): self.init(answer)
        // It is an answer of whoever takes requests, and too long to be read.
        case .tooLarge: self.init(end: .refused)
        case .gaveUp: self.init(end: .timedOut, mayRepeat: true)
        case .failed: self.init(end: .unreachable, mayRepeat: true)
        }
    }

    private init(_ answer: HTTPAnswer) {
        guard (200..<300).contains(answer.status) else {
            let mayRepeat = Self.passing.contains(answer.status)
            self.init(
                end: .refused,
                mayRepeat: mayRepeat,
                wait: mayRepeat ? Self.wait(answer.headers) : nil
            )
            return
        }
        self.init(end: .taken, rejected: Self.rejected(answer.body))
    }

    /// `Retry-After` in seconds; a date is not read.
    private static func wait(_ headers: HTTPHeaders) -> Duration? {
        headers.first(name: "Retry-After").flatMap { Int32($0) }
            .flatMap { $0 > 0 ? .seconds($0) : nil }
    }

    /// `partialSuccess.rejectedSpans`, a text or a number.
    private static func rejected(_ body: [UInt8]) -> Int {
        guard let answer = try? JSONParser.parse(body, depthMax: depthMax) else { return 0 }
        switch answer["partialSuccess"]?["rejectedSpans"] {
        case .string(let text), .number(let text): return max(0, Int(text) ?? 0)
        default: return 0
        }
    }
}
