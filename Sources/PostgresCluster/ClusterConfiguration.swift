/// How to run a private PostgreSQL.
package struct ClusterConfiguration: Sendable {
    /// The folder for data and log, created when missing.
    ///
    /// With nil it is a folder under the
    /// temporary ones that vanishes with the server.
    package var folder: String?
    /// Whether committed data survives a crash of the machine.
    ///
    /// Tests do without, for speed.
    package var durable: Bool
    /// The TCP port on the loopback address; 0 for none.
    ///
    /// Over TCP a password is needed.
    package var port: Int
    /// The folder of the Unix socket; nil for a fresh one.
    ///
    /// A server that is started again
    /// under the same address needs a fixed one.
    package var socketFolder: String?
    /// More settings of the server, by name.
    package var settings: [String: String]

    /// A server with its data in a folder.
    package init(
        folder: String?,
        durable: Bool,
        port: Int = 0,
        socketFolder: String? = nil,
        settings: [String: String] = [:]
    ) {
        self.folder = folder
        self.durable = durable
        self.port = port
        self.socketFolder = socketFolder
        self.settings = settings
    }

    /// With these the server's log quotes no value.
    ///
    /// Errors quote values in their message, their detail and their statement. What passes these
    /// settings is only what concerns the server itself.
    package static let discreetSettings = [
        "log_statement": "none",
        "log_min_messages": "log",
        "log_min_error_statement": "panic",
        "log_min_duration_statement": "-1",
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
        "log_error_verbosity": "terse",
    ]

    /// The number in the socket's name when there is no TCP port: PostgreSQL's usual one.
    private static let usualPort = 5432

    /// The number in the socket's name, which clients give as the port.
    var socketPort: Int { port == 0 ? Self.usualPort : port }

    /// The server's arguments, after the data folder.
    func arguments(socketFolder: String) -> [String] {
        var all = [
            "listen_addresses": port == 0 ? "" : "127.0.0.1",
            "port": "\(socketPort)",
            "unix_socket_directories": socketFolder,
            "unix_socket_permissions": "0700",
            "timezone": "UTC",
            "log_timezone": "UTC",
        ]
        if !durable {
            all["fsync"] = "off"
            all["full_page_writes"] = "off"
        }
        all.merge(Self.discreetSettings) { own, _ in own }
        all.merge(settings) { _, theirs in theirs }
        return all.sorted { $0.key < $1.key }.flatMap { ["-c", "\($0.key)=\($0.value)"] }
    }
}
