/// The numbers that bound the store's work.
enum StoreLimits {
    /// How many commands one append carries.
    ///
    /// Beyond about a hundred the commit's share of the cost is already small, and a larger batch
    /// only makes its first command wait.
    static let batchCommandsMax = 128
    /// How many events `ledger.append_single_events` takes.
    static let shortEventsMax = 1_000
    /// How many batches of one log are under way at once: while one holds the log's lock and
    /// commits, the next is already at the server and waits for the lock, so the server never waits
    /// for us.
    static let batchesInFlightMax = 2
    /// How many commands must wait until a second batch goes out beside the first.
    ///
    /// Fewer wait for the first to come back: a call has a fixed price, so two small batches cost more
    /// than one.
    static let furtherBatchMin = 32
    /// After how long the first one is waited for no longer: it may hang on something of its own.
    static let furtherBatchTime: Duration = .milliseconds(50)
    /// How many commands may wait for the next batches: half a second's work at 10,000 a second.
    ///
    /// Room for what has begun; what has not is asked to come later long before.
    static let queuedCommandsMax = 5_000
    /// How many commands or reads must wait, and the first of them for how long, until those who can
    /// come again are asked to: four batches, so that who is let in waits for about six at most, two
    /// or three times as long as usual; and longer than a hiccup, after which a fast server has them
    /// all done a moment later.
    static let crowdMin = 512
    static let crowdTime: Duration = .milliseconds(75)
    /// How many users one read asks for.
    static let batchUsersMax = 64
    /// How many reads of users may be under way at once; each takes a connection.
    static let userReadersMax = 2
    /// How many users must be asked for until a second read goes out beside the first.
    static let furtherReadMin = 16
    /// How often the queue of commands or reads is looked through for those who have waited for
    /// their batch longer than anybody waits for a connection: such a queue does not move, a caller
    /// is told within seconds, and a shutdown ends in time.
    static let queueLookPause: Duration = .milliseconds(250)
    /// For how long a commit whose answer was lost is asked for before its caller is told "unknown":
    /// a restart of PostgreSQL fits in, and with everything else of a request still a shutdown.
    static let settleTimeMax: Duration = .seconds(8)
    /// How long to wait between two such questions.
    static let settlePause: Duration = .milliseconds(500)
    /// How long a session that was given up may take to end when it is told to.
    static let sessionEndTimeMax: Duration = .seconds(1)
    /// How long a session of the service's own role may hold locks that others wait for: no statement
    /// of ours takes longer, unless the connection string says so, and then twice its limit counts.
    static let heldLockTimeMax: Duration = .seconds(10)
    /// How often a statement is sent that the server rolled back for another one's sake (a deadlock,
    /// a failure to serialize).
    static let rollbackTriesMax = 5
    /// How long a caller may wait for those before it who change the same user, unless the pool is
    /// more patient.
    static let turnTimeMax: Duration = .seconds(5)
    /// After how long nobody need be at work any more with a reservation, in seconds: longer than a call takes.
    static let reservationSeconds: Int64 = 10
    /// How long a claim may wait for somebody who is at work with the same fingerprint: as long as for a turn.
    static let claimTimeMax: Duration = .seconds(5)
    /// How often a decision is made anew because another copy of the service was faster; callers of
    /// this one wait in turn.
    static let decisionTriesMax = 16
    /// How long to wait at most before trying again, at the first time; it doubles each time.
    static let retryPause: Duration = .milliseconds(4)
    static let retryPauseMax: Duration = .milliseconds(128)
    /// How many events one page of a list holds at most.
    static let pageEventsMax = 1_000
    /// How many histories longer than a page are read at once for lists, of one app and in all.
    static let historiesOfAppMax = 2
    static let historiesMax = 8
    /// How many positions one statement of a filtered list scans, and how many such statements a
    /// call makes: together far below the time limit of a statement.
    static let scannedEventsMax: Int64 = 20_000
    static let stretchesMax = 10
    /// How many records one page of an export holds, and after how many bytes it ends.
    ///
    /// Enough that the server's time counts and not the round trip's, little enough to hold three
    /// pages a request: a record has some 450 bytes, and may have 8 KB.
    static let exportRecordsMax = 2_000
    static let exportBytesMax = 1 << 20
    /// How many records a follower is sent at once, and after how many bytes a page ends.
    ///
    /// A page is all that is held for one: a thousand of them hold 64 MiB if none of them reads.
    static let tailEventsMax = 128
    static let tailBytesMax = 1 << 16
    /// How many users or events one page of the console counts, or looks through for those in one state:
    /// as many as one statement of a filtered list scans.
    static let countedUsersMax: Int64 = scannedEventsMax
    static let countedEventsMax: Int64 = scannedEventsMax
    /// How many users a page looks at that lists all but the erased: ten times what it shows.
    static let listedUsersMax: Int64 = 500
    /// How far away the event before or after another one of its app is looked for.
    static let neighbourDistanceMax: Int64 = 2_000
    /// How many events of one request or trace are shown.
    static let heldEventsMax = 100
    /// How many events are read at most to see who holds the tokens of a batch that is imported: some tens
    /// for each token.
    static let takenTokenEventsMax = 50_000
    /// How many users one read of identities asks for.
    static let identitiesMax = 500
    /// How many tiles a reader of proofs remembers: with those on the way from a position to the
    /// root, and those at the tree's edge, there is room for the next positions.
    static let proofTilesMax = 32
    /// How many bytes of tiles are kept in memory: the tree's upper levels.
    static let cachedTileBytesMax = 8 << 20
    /// How old the checkpoint may be that is shown: ten times younger than one is published.
    static let checkpointTime: Duration = .milliseconds(100)
    /// How many users a search by token tells of; a value belongs to one, unless the provider
    /// is broken.
    static let searchSubjectsMax = 100
    /// How many events with a token are looked at: a user may have had it more than once.
    static let searchEventsMax = 1_000
    /// After how long an app or an API key is asked for again: what changes, such as a revocation,
    /// counts within 5 s (docs/threats.md#t10).
    static let directoryTime: Duration = .seconds(2)
    /// For how long others go on with what is remembered while one of them asks, from when it was
    /// asked for: below those 5 s, also where no answer comes.
    static let directoryTimeMax: Duration = .seconds(4)
    /// How long who asks for an erasure waits for the checkpoint that proves it, which is published
    /// about every second, and how long to wait between two looks.
    static let erasureProofTimeMax: Duration = .seconds(5)
    static let erasureProofPause: Duration = .milliseconds(100)
    /// How often is looked for erasures whose receipt is not in the folder.
    static let erasureKeepPause: Duration = .seconds(10)
    /// How many erased users one statement asks about.
    static let erasuresMax = 500
    /// How long a receipt's file may be: a record, a checkpoint with its cosignatures, 63 hashes, some
    /// of it twice.
    static let receiptBytesMax = 1 << 20
    /// How often is looked for values whose grace is over: nobody waits for that.
    static let dropPause: Duration = .seconds(60)
    /// How many of them one drop takes, which holds the lock of the log of facts, and how many drops of
    /// each app one round makes.
    static let droppedValuesMax: Int64 = 500
    static let dropsMax = 100
    /// How often is looked for what problems the log tells of: as often as a checkpoint is published.
    static let problemPause: Duration = .seconds(1)
    /// How often it is asked how many there are, where another copy of the service may have written.
    static let problemCountPause: Duration = .seconds(10)
    /// How many events one step of that takes, whose rows are then written in one statement.
    static let problemEventsMax = 500
    /// How many of them somebody waits for who wants to see what he has done.
    static let problemCatchUpSteps = 4
    /// How often it is written when API keys were used last.
    ///
    /// A kill loses as much; people who look for keys that nobody needs think in weeks.
    static let keyUsePause: Duration = .seconds(30)
    /// How many keys' uses are remembered, and written in one call.
    static let keyUsesMax = 10_000
    /// How many rows of the projection one statement reads to make the maps.
    static let mapRowsMax: Int64 = 5_000
    /// How many positions of the log one statement follows, and how many such statements a look makes:
    /// what is appended in two seconds at the most, and as much again to catch up.
    static let mapEventsMax: Int64 = 20_000
    static let mapStepsMax = 4
    /// How long the checkpoint of the facts waits for the maps at most: as often as one is published.
    static let mapTimeMax: Duration = .seconds(2)
    /// How often is looked whether the maps must be made anew, and how long to wait after that was in vain:
    /// it reads every user.
    static let mapLoadPause: Duration = .milliseconds(500)
    static let mapRetryPause: Duration = .seconds(10)
    /// After how long the same roots are stated again, in seconds: so old is the answer about a ledger in
    /// which nothing happens, at most.
    static let mapRestSeconds = 60
}
