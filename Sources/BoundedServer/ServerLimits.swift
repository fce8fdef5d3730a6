internal import NIOCore

/// The numbers that bound what a server takes from those who call it.
///
/// Hummingbird's own are generous on purpose, so each server states all of them. How long a body
/// may be is for each route to say.
package struct ServerLimits: Sendable {
    /// How long a connection stays open after its last answer, for callers on slow lines to get it
    /// before what they still send is answered by a reset.
    static let lingerTime = TimeAmount.seconds(2)

    /// How many requests of one connection may be unanswered before no more of it is read, where
    /// some of them are turned away: callers who do not wait for their answers are rare.
    static let unansweredMax = 16

    /// How long a piece of a body may be to be written in one piece with the head.
    static let joinedBytesMax = 4_096

    /// The first line and all header fields together, and the extensions of a body's chunks.
    let headerBytesMax: Int
    /// How many header fields.
    let headerFieldsMax: Int
    /// How long a connection may stay silent.
    let idleTimeMax: Duration?
    /// How many connections at once.
    let connectionsMax: Int?

    /// All limits of a server; nil is for servers that only their developer reaches.
    package init(
        headerBytesMax: Int,
        headerFieldsMax: Int,
        idleTimeMax: Duration?,
        connectionsMax: Int?
    ) {
        self.headerBytesMax = headerBytesMax
        self.headerFieldsMax = headerFieldsMax
        self.idleTimeMax = idleTimeMax
        self.connectionsMax = connectionsMax
    }
}
