package import Ledger
internal import Postgres
package import Wire

/// What came of one attempt to deliver.
package enum WebhookOutcome: String, Sendable, CaseIterable {
    /// The endpoint answered 2xx.
    case delivered
    /// It answered something else.
    case refused
    /// It answered with a redirect, which is not followed.
    case redirected
    /// It asks for patience: 429, or a `Retry-After`.
    case throttled
    /// It is gone for good: 410.
    case gone
    /// There was no answer in time.
    case timedOut = "timed_out"
    /// There is no such host, nobody listens, or the connection was cut.
    case unreachable
    /// TLS did not come about, or the certificate is not for this host.
    case untrusted
    /// The host's address is one that nothing is sent to.
    case addressRefused = "address_refused"
    /// What was to be sent cannot be read in the log.
    case unreadable
}

/// A message that was sent to an endpoint, or is to be sent again.
package struct WebhookDelivery: Sendable {
    /// Why it is sent.
    package enum Kind: String, Sendable {
        /// An event came.
        case event
        /// Somebody asked for it once more.
        case replay
        /// Somebody tries the endpoint.
        case test
    }

    package enum State: String, Sendable, CaseIterable {
        case pending, delivered, failed
    }

    package struct Attempt: Sendable, Equatable {
        package let time: Timestamp
        package let outcome: WebhookOutcome
        /// The status of the answer, if there was one.
        package let status: Int64?
        /// How long it took.
        package let milliseconds: Int64

        package init(
            time: Timestamp,
            outcome: WebhookOutcome,
            status: Int64?,
            milliseconds: Int64
        ) {
            self.time = time
            self.outcome = outcome
            self.status = status
            self.milliseconds = milliseconds
        }
    }

    package let id: Identifier
    package let endpoint: Identifier
    package let kind: Kind
    /// The event's log and position; nil for a test.
    package let log: Log?
    package let position: Int64?
    /// What stands in `webhook-id`: the event's id, so it is the same in every attempt and replay.
    package let message: Identifier
    package let subject: Identifier?
    package let type: String
    package internal(set) var state: State
    /// How many attempts there were in all.
    package internal(set) var attemptCount: Int32
    /// The last of them, in order.
    package internal(set) var attempts: [Attempt]
    package let createdAt: Timestamp
    /// When the days began after which it is given up.
    package internal(set) var firstAttemptAt: Timestamp?
    package internal(set) var nextAttemptAt: Timestamp?
    package internal(set) var finishedAt: Timestamp?

    /// One that was not attempted yet.
    package init(
        id: Identifier,
        endpoint: Identifier,
        kind: Kind,
        log: Log?,
        position: Int64?,
        message: Identifier,
        subject: Identifier?,
        type: String,
        at time: Timestamp
    ) {
        self.id = id
        self.endpoint = endpoint
        self.kind = kind
        self.log = log
        self.position = position
        self.message = message
        self.subject = subject
        self.type = type
        state = .pending
        attemptCount = 0
        attempts = []
        createdAt = time
        nextAttemptAt = time
    }

    /// Takes an attempt; where it did not succeed it is tried again at `next`, or given up without one.
    package mutating func take(_ attempt: Attempt, next: Timestamp?) {
        attemptCount += 1
        attempts = attempts.suffix(WebhookLimits.attemptsMax - 1) + [attempt]
        if firstAttemptAt == nil { firstAttemptAt = attempt.time }
        nextAttemptAt = attempt.outcome == .delivered ? nil : next
        guard nextAttemptAt == nil else { return }
        state = attempt.outcome == .delivered ? .delivered : .failed
        finishedAt = attempt.time
    }

    /// It is tried no more, though others arrive.
    package mutating func giveUp() {
        guard state == .pending else { return }
        (state, nextAttemptAt) = (.failed, nil)
        finishedAt = attempts.last?.time ?? createdAt
    }

    /// It is tried at this time, and not before.
    package mutating func wait(until time: Timestamp) {
        guard state == .pending else { return }
        nextAttemptAt = time
    }
}

extension WebhookDelivery {
    private static let depthMax = 4

    init(_ result: borrowing PostgresResult, _ row: Int) throws(PostgresError) {
        func time(_ column: Int) throws(PostgresError) -> Timestamp? {
            try result.timestamptzOrNil(row, column).map { Timestamp(microseconds: $0) }
        }
        id = Identifier(value: try result.uuid(row, 0))
        endpoint = Identifier(value: try result.uuid(row, 1))
        kind = Kind(rawValue: try result.text(row, 2)) ?? .event
        position = try result.int8OrNil(row, 4)
        log = position == nil ? nil : try Log(result, row, 3)
        message = Identifier(value: try result.uuid(row, 5))
        subject = try result.uuidOrNil(row, 6).map { Identifier(value: $0) }
        type = try result.text(row, 7)
        state = State(rawValue: try result.text(row, 8)) ?? .failed
        attemptCount = try result.int4(row, 9)
        attempts = Self.attempts(try result.text(row, 10))
        createdAt = Timestamp(microseconds: try result.timestamptz(row, 11))
        firstAttemptAt = try time(12)
        nextAttemptAt = try time(13)
        finishedAt = try time(14)
    }

    /// The delivery as `ledger.webhook_delivery`.
    var row: PostgresRow {
        PostgresRow(
            .uuid(id.value),
            .uuid(endpoint.value),
            .text(kind.rawValue),
            .int4(log?.id),
            .int8(position),
            .uuid(message.value),
            .uuid(subject?.value),
            .text(type),
            .text(state.rawValue),
            .int4(attemptCount),
            .json(encodedAttempts),
            .timestamptz(microsecondsSince1970: createdAt.microseconds),
            .timestamptz(microsecondsSince1970: firstAttemptAt?.microseconds),
            .timestamptz(microsecondsSince1970: nextAttemptAt?.microseconds),
            .timestamptz(microsecondsSince1970: finishedAt?.microseconds)
        )
    }

    private var encodedAttempts: [UInt8] {
        var writer = JSONWriter()
        writer.openArray()
        for attempt in attempts {
            writer.element()
            attempt.write(to: &writer)
        }
        writer.closeArray()
        return writer.bytes
    }

    private static func attempts(_ text: String) -> [Attempt] {
        guard let json = try? JSONParser.parse(Array(text.utf8), depthMax: depthMax),
            case .array(let list) = json
        else { return [] }
        return list.compactMap { json in
            guard let time = json["at"]?.text.flatMap({ Timestamp($0) }),
                let outcome = json["outcome"]?.text.flatMap({ WebhookOutcome(rawValue: $0) }),
                let milliseconds = number(json["milliseconds"])
            else { return nil }
            return Attempt(
                time: time,
                outcome: outcome,
                status: number(json["status"]),
                milliseconds: milliseconds
            )
        }
    }

    private static func number(_ json: JSONValue?) -> Int64? {
        guard case .number(let spelling)? = json else { return nil }
        return Int64(spelling)
    }
}

extension WebhookDelivery.Attempt {
    /// As lists show it, and as it is kept.
    package func write(to writer: inout JSONWriter) {
        writer.open()
        writer.member("at", time)
        writer.member("outcome", outcome.rawValue)
        if let status { writer.member("status", status) }
        writer.member("milliseconds", milliseconds)
        writer.close()
    }
}
