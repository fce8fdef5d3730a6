/// The numbers that bound the delivery of webhooks.
package enum DeliveryLimits {
    /// How long an endpoint may take to accept a connection, TLS included.
    static let connectTimeMax: Duration = .seconds(5)
    /// How long an attempt may take, up to the end of the answer: what the specification of Standard
    /// Webhooks advises at least.
    package static let attemptTimeMax: Duration = .seconds(15)
    /// How much of an answer is read; nothing in it counts but its head.
    static let answerBytesMax = 4_096
    /// How many users' events are under way to one endpoint at once.
    static let lanesMax = 8
    /// How many messages one round sends to an endpoint before it is written what came of them.
    static let roundMessagesMax = 128
    /// How long a round goes on beginning attempts.
    static let roundTimeMax: Duration = .seconds(5)
    /// How many of an endpoint's events may wait for their next attempt; then it is sent no others, which
    /// wait in the log.
    static let waitingMax = 1_000
    /// After how many failures in a row an endpoint counts as down: from then on it is tried with one
    /// message at a time.
    ///
    /// What it refuses because of the message does not count here.
    static let failuresMax = 4
    /// And after how many users' messages were refused while none was taken: then it refuses everything.
    static let refusedLanesMax = 16
    /// How many events of an endpoint that is down may wait; each attempt tries another one, for the first
    /// may be what it cannot take.
    static let downWaitingMax = 100
    /// How long an endpoint that is down is left alone at most, so that it is seen when it is mended.
    static let downPauseMax: Int64 = 3_600
    /// How long an endpoint is left alone because it asks for it, at most: a day.
    static let askedPauseMax: Int64 = 86_400
    /// For how long nothing is sent after the endpoint was paused: the lease tells of it sooner.
    static let pausedSeconds: Int64 = 10
    /// For how long a copy of the service takes an endpoint.
    ///
    /// A copy that dies keeps the others from it for as long.
    static let leaseSeconds: Int32 = 60
    /// No attempt begins unless it ends while the lease is held: two copies would get a user's events out of
    /// order.
    static let attemptMargin: Duration = .seconds(20)
    /// How often leases are asked for; what was changed about an endpoint counts as soon.
    static let leasePause: Duration = .seconds(1)
    /// How often the log's end is read while anybody is sent events.
    static let logPause: Duration = .milliseconds(200)
    /// How often is written how far an endpoint is for which there was nothing.
    static let positionPause: Duration = .seconds(5)
    /// How often an endpoint looks for something to send.
    static let lookPause: Duration = .milliseconds(100)
    /// How long to wait after the database did not answer.
    static let failurePause: Duration = .seconds(1)
    /// How often is looked for deliveries that are old enough to be dropped.
    static let dropPause: Duration = .seconds(600)
    /// How many names of hosts are looked up at once, and how many of them for one app: it takes the
    /// endpoints of eight apps, with name servers that do not answer, to have others wait.
    static let resolverThreads = 16
    static let resolverThreadsOfAppMax = 2
    /// How long a name is waited for: the system asks a second name server after five seconds.
    package static let lookupTimeMax: Duration = .seconds(10)
    /// How many names may wait for a thread: each endpoint waits for one.
    static let lookupsWaitingMax = 4_096
}
