/// The numbers that bound what is kept of webhooks.
package enum WebhookLimits {
    /// How many endpoints an app has at most: one for each of its backends, and some.
    package static let endpointsMax = 16
    /// With how many secrets a message is signed at most: a receiver tries each of them.
    static let secretsMax = 3
    /// How many attempts of a delivery are kept, the last ones: three days of them are fewer.
    static let attemptsMax = 24
    /// How many of an endpoint's deliveries that wait are read at once: more than there may be.
    static let waitingMax: Int64 = 4_000
    /// How many old deliveries one statement drops.
    static let droppedMax: Int64 = 2_000
    /// How many tests and replays of an endpoint wait at most.
    package static let waitingAsksMax: Int64 = 16
    /// How many positions of the log one replay goes over, at most.
    package static let replayPositionsMax: Int64 = 1_000_000
    /// For how long the same `Idempotency-Key` answers the endpoint that it made: a day.
    static let repeatSecondsMax: Int64 = 86_400
    /// For how long a secret whose place is taken is used beside the new one, at most: a week.
    package static let overlapSecondsMax: Int64 = 604_800
    /// And unless somebody says otherwise: a day.
    package static let usualOverlapSeconds: Int64 = 86_400
}
