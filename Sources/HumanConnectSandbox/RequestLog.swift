import Foundation
import Synchronization
import Wire

/// Every request the sandbox saw, the newest at the end, bounded.
final class RequestLog: Sendable {
    /// What an exchange was about.
    ///
    /// Values only as SHA-256, so that a log may be shown around.
    struct Exchange: Sendable {
        var clientID: String
        var sessionTokenHash: String
        var humanIDHash: String
        /// Tokens were made by this request.
        var acted = false
        /// The session had been exchanged before and the answer was the same.
        var repeated = false
    }

    struct Entry: Sendable {
        let number: Int
        let time: Date
        let method: String
        /// Without the query, which holds user ids and tokens.
        let path: String
        var status: Int?
        var clientUserID: String?
        /// As it was sent, so that a tracing caller can see that it was.
        var traceparent: String?
        var exchange: Exchange?
    }

    private struct Kept {
        var entries: [Entry] = []
        var next = 0
    }

    private let kept = Mutex(Kept())

    /// Notes a request's arrival and gives the number for what is learned later.
    func begin(method: String, path: String) -> Int {
        let now = Date()
        return kept.withLock { kept in
            let number = kept.next
            kept.next += 1
            kept.entries.append(Entry(number: number, time: now, method: method, path: path))
            // A tenth at a time, so that dropping is cheap.
            if kept.entries.count > SandboxLimits.requestsMax {
                kept.entries.removeFirst(SandboxLimits.requestsMax / 10)
            }
            return number
        }
    }

    func update(_ number: Int, _ change: @Sendable (inout Entry) -> Void) {
        kept.withLock { kept in
            guard let first = kept.entries.first?.number, number >= first else { return }
            change(&kept.entries[number - first])
        }
    }

    /// The log as a JSON array.
    var json: JSONValue {
        let entries = kept.withLock { $0.entries }
        return .array(
            entries.map { entry in
                [
                    "number": .number(String(entry.number)),
                    "time": .string(entry.time.formatted(Self.timeStyle)),
                    "method": .string(entry.method),
                    "path": .string(entry.path),
                    "status": entry.status.map { .number(String($0)) } ?? .null,
                    "traceparent": entry.traceparent.map { .string($0) } ?? .null,
                    "client_user_id": entry.clientUserID.map { .string($0) } ?? .null,
                    "exchange": entry.exchange.map(Self.json) ?? .null,
                ]
            }
        )
    }

    static let timeStyle = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    private static func json(_ exchange: Exchange) -> JSONValue {
        [
            "client_id": .string(exchange.clientID),
            "session_token_sha256": .string(exchange.sessionTokenHash),
            "human_id_sha256": .string(exchange.humanIDHash),
            "acted": .bool(exchange.acted),
            "repeated": .bool(exchange.repeated),
        ]
    }
}
