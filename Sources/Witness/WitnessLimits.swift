internal import BoundedServer

/// The numbers that bound what a witness and those who ask it do.
package enum WitnessLimits {
    /// How long one question to a witness may take: the log's next checkpoint is a second away.
    package static let answerTimeMax: Duration = .seconds(10)
    /// How long a witness may take to accept a connection.
    static let connectTimeMax: Duration = .seconds(3)
    /// How long others are waited for once the quorum is reached: one of them may refuse, and a
    /// witness that is away must not hold up every checkpoint for longer.
    package static let stragglerTimeMax: Duration = .milliseconds(500)
    /// An answer is a few lines of at most some kilobytes.
    static let answerBytesMax = 64 << 10
    /// How often one witness is asked about one checkpoint: the first time its size may be unknown,
    /// and another copy of the service may have been there in between.
    static let triesMax = 4
    /// How long a witness that failed twice in a row is left alone, and how often that doubles: a
    /// witness that comes back is asked within half a minute.
    static let pause: Duration = .milliseconds(500)
    static let pauseDoublingsMax = 6
    /// A witness may ask for a longer pause (`Retry-After`), but not for any.
    static let retryAfterMax: Duration = .seconds(300)
    /// How far a witness's clock may be from ours, in seconds: a cosignature says when it was made.
    static let clockDifferenceSecondsMax = 3_600

    /// A policy has some dozen lines of about a hundred bytes.
    package static let policyBytesMax = 256 << 10
    /// The specification asks for 32 of each at least.
    static let policyLogsMax = 32
    static let policyWitnessesMax = 32
    static let policyGroupsMax = 32
    /// As many lines as logs and witnesses, each with a second key of another type.
    static let policySkippedMax = 64

    /// 63 hashes take 3 kB, and a checkpoint with a dozen large signatures 50 kB.
    static let requestBytesMax = 128 << 10
    /// A log that is busy comes back every second; logs are few, and each keeps one connection or
    /// two.
    static let server = ServerLimits(
        headerBytesMax: 8_192,
        headerFieldsMax: 32,
        idleTimeMax: .seconds(60),
        connectionsMax: 256
    )
    /// The file of a key holds 64 digits; a longer file does not hold a key.
    static let keyFileBytesMax = 128
}
