/// The numbers that bound what an export reads and keeps in memory.
enum ExportLimits {
    /// The longest record that the table of events takes.
    static let recordBytesMax = 16_384
    /// The longest line of any data file: a record; proofs and identities are far shorter.
    static let lineBytesMax = recordBytesMax
    /// A manifest names eight files and a query; a list of all event types takes under 1 KB.
    static let manifestBytesMax = 64 << 10
    /// How long who asked, why, and each condition of the query may be, so that the manifest stays
    /// below its limit even where each byte takes six characters.
    static let textBytesMax = 2_000
    /// A consistency proof has at most 63 hashes of 44 characters.
    static let consistencyBytesMax = 8 << 10
    /// Two notes of at most 1 MB each, whose line ends take six bytes.
    static let progressBytesMax = 4 << 20
    /// How many lines of a data file are worked on at once: enough to keep two cores busy.
    static let pageLinesMax = 4_096
    /// How many bytes of lines are worked on at once.
    static let pageBytesMax = 4 << 20
    /// How much is read from or written to a file in one call.
    static let chunkBytes = 64 << 10
    /// How many events a bundle's page holds: a browser keeps all of them in memory.
    static let shownEventsMax: Int64 = 250_000
    /// How many bytes the files have that a bundle's page holds: half of what a text of a browser's may have.
    static let shownBytesMax: Int64 = 192 << 20
    /// How many findings are listed: a bundle that is wholly wrong needs no longer list.
    static let findingsMax = 1_000
}
