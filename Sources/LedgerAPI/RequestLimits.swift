internal import BoundedServer

/// The numbers that bound requests.
///
/// Hummingbird's own defaults are generous on purpose; these are not (docs/threats.md#t12).
enum RequestLimits {
    /// A body that is not a finish: a user id and a few words.
    static let bodyBytesMax = 65_536
    /// Each connection costs some 20 KiB.
    static let server = ServerLimits(
        headerBytesMax: 16_384,
        headerFieldsMax: 64,
        idleTimeMax: .seconds(60),
        connectionsMax: 4_096
    )
    /// A user id of the app (docs/provider.md#unknown-18).
    static let clientUserIDCharactersMax = 512
    /// A token to be searched for: as long as the provider's answers may make one.
    static let tokenBytesMax = 16_384
    /// An `Idempotency-Key`.
    static let idempotencyKeyBytesMax = 255
    /// How deep JSON may nest.
    static let jsonDepthMax = 16
    /// How long a launch may be finished (docs/threats.md#step-l).
    static let launchSeconds: Int64 = 1_800
    /// How many entries a page of a list has unless asked, and at most.
    static let pageEntries = 100
    static let pageEntriesMax = 500
    /// How often a request that certainly was not sent is dispatched within one finish.
    static let dispatchesPerFinishMax: Int64 = 3
    /// How often in all, over repeats of the finish.
    static let dispatchesMax: Int64 = 9
    /// The pause before the second dispatch; it doubles.
    static let dispatchPause: Duration = .milliseconds(200)
    /// How often a repeat asks for the outcome of the finish it repeats, and how long it waits in
    /// between: together about as long as an exchange may take.
    static let outcomeAsksMax = 70
    static let outcomePause: Duration = .milliseconds(250)
    /// How often an answer of the provider is recorded anew while the database is away, and the
    /// pause in between: an answer in hand is not given up for a restart of PostgreSQL.
    static let recordTriesMax = 120
    static let recordPause: Duration = .milliseconds(500)
    /// What `Retry-After` says, in seconds.
    static let retryAfterSeconds = 2
}
