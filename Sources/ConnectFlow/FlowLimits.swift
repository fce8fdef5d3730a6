/// The numbers that bound launches and finishes.
enum FlowLimits {
    /// How long a launch may be finished (docs/threats.md#step-l).
    static let launchSeconds: Int64 = 1_800
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
}
