internal import NIOCore

/// The numbers that bound what a server takes from those who call it, and how long it waits for
/// them (docs/decisions/0041-nobody-is-waited-for-without-end.md).
///
/// Hummingbird's own are generous on purpose, so each server states what depends on its callers;
/// the others are the same everywhere. How long a body may be is for each route to say.
package struct ServerLimits: Sendable {
    /// How long a connection stays open after its last answer was sent, for callers on slow lines to
    /// get it before what they still send is answered by a reset.
    static let lingerTime = TimeAmount.seconds(2)

    /// How much is read and dropped meanwhile: the rest of a body that was refused early.
    ///
    /// Whoever sends more is not read any more, and is on no slow line: the answer has so much time to
    /// arrive. Else who comes again at once, and sends as fast as it can, would hold all connections.
    static let lingerBytesMax = 65_536
    static let floodLingerTime = TimeAmount.milliseconds(200)

    /// How much who waits for a word before its body may announce to be told to send it: more than any route takes.
    static let encouragedBytesMax = 131_072

    /// How long a piece of a body may be to be written in one piece with the head.
    static let joinedBytesMax = 4_096

    /// How much is read at a time, and read ahead of requests that come before the answer to the
    /// last one.
    static let readBytesMax = 16_384

    /// How many parts of a request, each of `readBytesMax` at most, wait for whoever serves it.
    ///
    /// More than a head, a short body and its end, so a usual request never stops its connection.
    static let partsHeldMax = 4

    /// How much of an answer waits here for the system to take it, before its next piece is made.
    static let writeBytesMax = 8_192

    /// What a caller may have sent ahead who has closed its side: the system then hands over
    /// everything at once.
    ///
    /// Nothing of more than that is served.
    static let aheadBytesMax = 65_536

    /// What the system may keep for a connection, unread and unsent; it doubles both for its own use.
    ///
    /// By itself it would keep megabytes of an answer that nobody reads, and how fast somebody reads
    /// could not be seen.
    static let receiveBufferBytes = 65_536
    static let sendBufferBytes = 131_072

    /// After how long without a word from the system at the other end, while it owes one, a connection is
    /// given up: a machine that has vanished would be waited for a quarter of an hour otherwise.
    static let deafTimeMilliseconds = 60_000

    /// How many times within `unreadTimeMax` it is looked how much of an answer was taken.
    static let unreadLooks = 10

    /// After how much delay of a timer the process must have stood still; what has come meanwhile is
    /// read before anybody is called slow.
    static let standstillMin = TimeAmount.seconds(1)

    /// How long somebody must have been waited for to make room for another connection, and when that
    /// is looked for again, where nobody was.
    ///
    /// Who has just come may not have had the time.
    static let roomWaitMin = TimeAmount.seconds(1)
    /// An address makes room before others once it has more than one in so many connections.
    static let addressShare = 8
    static let roomPause = TimeAmount.milliseconds(100)

    /// How long what was cut is counted before a line in the log tells of it.
    static let cutsToldTime = TimeAmount.seconds(1)

    /// How many descriptors are kept for all but callers: the database, the provider, files.
    ///
    /// A call of the provider takes one, and as many may be under way as requests are let in during
    /// a flood.
    static let descriptorsKept = 512

    /// The first line and all header fields together, and the extensions of a body's chunks.
    let headerBytesMax: Int
    /// How many header fields.
    let headerFieldsMax: Int
    /// How long a connection may stay silent after an answer.
    let idleTimeMax: TimeAmount
    /// How many connections at once.
    let connectionsMax: Int
    /// Until when the head of a request must be there, from its first byte; that of a connection's
    /// first request from when it was accepted.
    let headTimeMax: TimeAmount
    /// Until when the whole request must be there, from its first byte.
    let requestTimeMax: TimeAmount
    /// How long an answer may wait for its reader, who must take so much in such a time or all there
    /// is: 2 KiB a second.
    ///
    /// With what the system keeps, who takes 8 KiB a second does so in every one of them.
    let unreadTimeMax: Duration
    let unreadTimeBytesMin: Int
    /// How much of all answers together may wait for readers.
    let unreadBytesMax: Int

    /// All limits of a server.
    package init(
        headerBytesMax: Int,
        headerFieldsMax: Int,
        idleTimeMax: Duration,
        connectionsMax: Int,
        headTimeMax: Duration = .seconds(5),
        requestTimeMax: Duration = .seconds(15),
        unreadTimeMax: Duration = .seconds(30),
        unreadTimeBytesMin: Int = 61_440,
        unreadBytesMax: Int = 67_108_864
    ) {
        self.headerBytesMax = headerBytesMax
        self.headerFieldsMax = headerFieldsMax
        self.idleTimeMax = TimeAmount(idleTimeMax)
        self.connectionsMax = connectionsMax
        self.headTimeMax = TimeAmount(headTimeMax)
        self.requestTimeMax = TimeAmount(requestTimeMax)
        self.unreadTimeMax = unreadTimeMax
        self.unreadTimeBytesMin = unreadTimeBytesMin
        self.unreadBytesMax = unreadBytesMax
    }
}
