internal import Wire

/// A private PostgreSQL that accepts connections.
package struct RunningCluster: Sendable {
    /// The role that may do everything.
    package static let superuser = "postgres"

    /// The folder with data and log.
    package let folder: String
    /// The folder with the Unix socket, for `PGHOST`.
    package let socketFolder: String
    /// The number in the socket's name, and the TCP port if there is one, for `PGPORT`.
    package let port: Int

    /// A URI for libpq over the Unix socket, which needs no password.
    package func url(
        database: String = "postgres",
        user: String = RunningCluster.superuser
    ) -> String {
        "postgresql://\(Self.encoded(user))@/\(Self.encoded(database))"
            + "?host=\(Self.encoded(socketFolder))&port=\(port)"
    }

    private static func encoded(_ text: String) -> String {
        PercentCoding.encode(text, keeping: .unreserved)
    }
}
