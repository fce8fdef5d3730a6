internal import Ledger

/// The numbers that bound an import.
enum ImportLimits {
    /// How long a `humanId` is at most: real ones have 32 characters.
    static let humanIDBytesMax = 512
    /// How long a token is at most: as long as the provider's answers may make one.
    static let tokenBytesMax = 16_384
    /// How long a line is at most: all four fields at their longest, each character written as an
    /// escape of JSON.
    static let lineBytesMax =
        6 * (4 * ClientUserIDRule.charactersMax + humanIDBytesMax + 2 * tokenBytesMax) + 1_024
    /// How many bytes are read at once: few calls, little memory.
    static let chunkBytes = 1 << 18
    /// How many entries are sorted in memory, at 32 bytes each: 8 MiB.
    static let runEntries = 1 << 18
    /// How many entries of each run are in memory while runs are merged: a hundred million users
    /// make some 1,500 runs, which take 25 MiB then.
    static let mergedEntries = 512
    /// How many users are written at once: a batch under way, and the next.
    static let writesMax = 256
    /// How many are taken over together where there are several logs.
    static let togetherMax = 64
    /// For how long what may pass, such as a restart of the database, is waited for, and how long
    /// between two tries.
    static let patience: Duration = .seconds(60)
    static let pause: Duration = .milliseconds(500)
    /// How deep JSON may be nested: a line is one object of texts.
    static let depthMax = 2
}
