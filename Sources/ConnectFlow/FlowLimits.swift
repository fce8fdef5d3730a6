/// The numbers that bound launches and finishes.
enum FlowLimits {
    /// How long the options of a launch are good to open the popup with (docs/threats.md#step-l).
    static let launchSeconds: Int64 = 1_800
    /// How often a launch is begun anew because its user was erased meanwhile.
    static let launchTriesMax = 8
    /// How many launches one `Idempotency-Key` leads to within that time: one, unless its options
    /// stop being good.
    static let launchesPerKeyMax = 8
    /// How often a request that certainly was not sent is dispatched within one finish.
    static let dispatchesPerFinishMax: Int64 = 3
    /// How often in all, over repeats of the finish.
    static let dispatchesMax: Int64 = 9
    /// The pause before the second dispatch; it doubles.
    static let dispatchPause: Duration = .milliseconds(200)
    /// How often a repeat asks for the outcome of the finish it repeats, and how long it waits in
    /// between: together three seconds, in which most exchanges end (docs/threats.md#step-a).
    static let outcomeAsksMax = 12
    static let outcomePause: Duration = .milliseconds(250)
    /// How often whoever has an answer of the provider in hand tries to record it while the
    /// database is away, and the pause in between: a restart of PostgreSQL long when the answer is
    /// kept on disk, and ten minutes when it is not.
    static let recordTriesMax = 20
    static let unkeptRecordTriesMax = 1_200
    static let recordPause: Duration = .milliseconds(500)
    /// How long an answer that names no user waits for the provider to say whom it means.
    static let namingSeconds: Int64 = 25
    /// How long a session may still be exchanged, and its answer be waited for
    /// (docs/threats.md#5-the-finalize-protocol).
    static let settleSeconds: Int64 = 86_400
    /// How often is looked for finalizes that nobody works on, and for answers kept on disk.
    static let settlePause: Duration = .seconds(5)
    static let drainPause: Duration = .seconds(1)
    /// How many dispatches are remembered under which nothing was sent, and for how long: by then others
    /// have brought the finalize to an end.
    static let unsentMax = 10_000
    static let unsentTime: Duration = .seconds(600)
    /// How many users are read at a time, and how many of them are looked after at once.
    static let settlePageMax = 100
    static let settlersMax = 8
    /// After how many seconds an unsettled finalize is an error in the log.
    static let unsettledSeconds: Int64 = 600
    /// How long a launch waits for the provider's list of users: a reading that has begun, and the
    /// one after it.
    static let listWaitMax: Duration = .seconds(15)
    /// How many may wait for one app's list.
    static let listWaitersMax = 10_000
    /// How many persons who were found are remembered.
    static let rememberedUsersMax = 1_000
    /// For how long: a caller comes again after two seconds, and who is erased meanwhile must be
    /// forgotten within five.
    static let rememberedTime: Duration = .seconds(4)
}
