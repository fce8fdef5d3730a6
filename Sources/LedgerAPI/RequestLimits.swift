internal import BoundedServer
internal import NIOCore

/// The numbers that bound requests.
///
/// Hummingbird's own defaults are generous on purpose; these are not (docs/threats.md#t12).
enum RequestLimits {
    /// A body that is not a finish: a user id and a few words.
    static let bodyBytesMax = 65_536

    /// How much of such an answer is handed on at a time: with TLS what is handed on is copied.
    static let pieceBytes = 8_192
    /// How many bytes of entry bundles are kept in memory: some last hundred.
    static let cachedBundleBytesMax = 24 << 20
    /// Each connection costs some 20 KiB.
    static let server = ServerLimits(
        headerBytesMax: 16_384,
        headerFieldsMax: 64,
        idleTimeMax: .seconds(60),
        connectionsMax: 4_096
    )
    /// A token to be searched for: as long as the provider's answers may make one.
    static let tokenBytesMax = 16_384
    /// An `Idempotency-Key`.
    static let idempotencyKeyBytesMax = 255
    /// How deep JSON may nest.
    static let jsonDepthMax = 16
    /// How many entries a page of a list has unless asked, and at most.
    static let pageEntries = 100
    static let pageEntriesMax = 500
    /// How many exports are under way at once, for one app and for all.
    ///
    /// Each keeps three pages of a mebibyte while its reader takes them, however slowly.
    static let exportsOfAppMax = 4
    static let exportsMax = 16
    /// When one may have ended.
    static let exportRetryTime: Duration = .seconds(10)
    /// How many follow at once, of one key and in all: half of the connections are left to others.
    ///
    /// Each holds a page of 64 KiB while its reader takes it.
    static let followsOfKeyMax = 256
    static let followsMax = 2_048
    /// How long one follow lasts, after which whoever wants more comes again: so the access log says
    /// every hour who follows, and from where.
    static let followTimeMax: Duration = .seconds(3_600)
    /// After how long something is sent where nothing has happened; looked at once a `feedTick`.
    ///
    /// So proxies keep the connection, and a reader who has gone is found out.
    static let followSilenceMax: Duration = .seconds(10)
    /// How often it is looked whether keys are still valid: with what is remembered of them, what
    /// changes counts within 5 s (docs/threats.md#t10).
    static let standingKeyPause: Duration = .seconds(1)
    /// How long an answer that lasts goes on while nobody can say whether its key is valid: a moment in
    /// which too many ask ends nobody, and revoked keys still end in time.
    static let standingDoubtMax: Duration = .seconds(2)
    /// How long who must end may take to have what was written before, and the last word.
    static let followEndTime: TimeAmount = .seconds(1)
    /// When who was told to end comes again: not all at once.
    static let followRetryTime: ClosedRange<Int> = 1_000...5_000
    /// How often a log's end is read while anybody follows it.
    ///
    /// A page for a thousand followers costs a thousand writes, so what comes together goes together.
    static let feedPause: Duration = .milliseconds(100)
    /// How often everybody looks whether something is to be sent where nothing has happened.
    static let feedTick: Duration = .seconds(5)
    /// How much of a log's end is kept for who is a moment late.
    static let feedPagesMax = 64
    static let feedBytesMax = 4 << 20
    /// How long a session of the console lasts at most: a working day.
    static let sessionHours = 8
    /// How many entries a page of the console lists.
    static let consoleEntries = 50
    /// How many accesses of one user it looks through: more, for looks one after the other become one entry.
    static let consoleAccesses = 200
    /// How much after the time in a request's id its events are looked for: the id is made when the request
    /// comes, and clocks of several copies differ a little.
    static let requestTimeAfter: Int64 = 120
    /// By how much the clocks of several copies may differ, where a time is looked for by positions.
    static let clockSlack: Int64 = 120
    /// How many requests are let in during a flood before calls that can be made again are turned
    /// away: two batches are under way at the database, and as many can wait.
    static let insideMax = 512
    /// For how long there must be no room until that is a flood, and not be so until it is over.
    static let floodBegin: Duration = .milliseconds(75)
    static let floodEnd: Duration = .seconds(1)
    /// How long work must wait for a processor, as seen once in a flood; and how often it is looked
    /// while half of the room is taken, and before.
    static let workDelayMax: Duration = .milliseconds(3)
    static let workDelayPause: Duration = .milliseconds(5)
    static let calmPause: Duration = .milliseconds(100)
    /// How many keys, launches and addresses are told apart by their rates, of each.
    static let rateNamesMax = 65_536
    /// How long who shows nothing valid too often waits for its refusal: so that one that comes
    /// again at once comes once a second.
    static let refusalPause: Duration = .seconds(1)
    /// How many refusals a second have lines of their own in the log.
    static let refusalLinesMax = 20
    /// How long who asks for a proof waits for a statement that tells of what was just written, which comes
    /// about every second, and how often is looked, in memory alone, whether one has come.
    static let proofTimeMax: Duration = .seconds(5)
    static let proofPause: Duration = .milliseconds(100)
    /// What `Retry-After` says, in seconds.
    static let retryAfterSeconds = 2
}
