/// The numbers that bound what a server takes from those who call it.
///
/// Hummingbird's own are generous on purpose, so each server states all of them. How long a body
/// may be is for each route to say.
package struct ServerLimits: Sendable {
    /// Each header field, and all of them together.
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
