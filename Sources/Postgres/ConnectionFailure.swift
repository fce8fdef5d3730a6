/// Why no connection could be made, as far as it can be told without quoting a secret.
package enum ConnectionFailure: Sendable, Equatable {
    /// The connection string cannot be read, or names something that libpq does not know.
    case malformedString
    /// A parameter of the connection string, or of its `options`, has a value that cannot be.
    case invalidParameter
    case noSuchHost
    /// Nobody listens at the port, or at the socket.
    case refused
    /// The host cannot be reached, or does not answer in time.
    case unreachable
    /// Somebody listens, and ends the connection without a word of PostgreSQL.
    case hungUp
    /// What listens there speaks another protocol.
    case noPostgres
    /// `service` names what no service file of libpq has.
    case noSuchService
    /// The database takes no connections, whoever asks.
    case closedDatabase
    /// A pooler in between does not take what the connection string sets at the start.
    case refusedByPooler
    /// TLS is asked for and not offered.
    case noTLS
    /// The server's certificate is for another host.
    case foreignCertificate
    /// The server's certificate is signed by nobody who is trusted, or has expired.
    case untrustedCertificate
    /// The file is not there with those who are trusted to sign certificates.
    case noRootCertificate
    /// TLS fails for another reason.
    case tls
    /// The password is wrong, or the role has none.
    case wrongPassword
    /// The server wants a password, and there is none.
    case noPassword
    /// There is no such role, or `pg_hba.conf` does not let it in.
    case notLetIn
    case noSuchDatabase
    /// The role may not connect to this database.
    case noRightToConnect
    case tooManyConnections
    /// The server is starting up, shutting down or recovering.
    case notYet
    /// Of several hosts none takes writes now.
    case noPrimary
    /// None of these; the SQLSTATE if the server gave one.
    case other(SQLState?)

    /// Whether the same may work a moment later without anybody changing a setting.
    package var isPassing: Bool {
        switch self {
        // A name may not be known yet while everything starts at once.
        case .noSuchHost, .refused, .unreachable, .hungUp, .tooManyConnections, .notYet,
            .noPrimary, .other:
            true
        case .malformedString, .invalidParameter, .noPostgres, .noSuchService, .noTLS,
            .foreignCertificate, .untrustedCertificate, .noRootCertificate, .tls, .wrongPassword,
            .noPassword, .notLetIn, .noSuchDatabase, .closedDatabase, .noRightToConnect,
            .refusedByPooler:
            false
        }
    }

    /// Sorts what libpq says after a failure, with SQLSTATEs in the place of the server's words.
    ///
    /// With several hosts the texts of all of them come together: what somebody must change counts
    /// more than what may pass.
    init(_ text: String) {
        // Such as: invalid sslmode value. It is said before anybody is called.
        guard !text.hasPrefix("invalid ") else {
            self = .invalidParameter
            return
        }
        let states = text.split(separator: "\n").compactMap(Self.state)
        let known = states.compactMap { Self.byState[$0.rawValue] }
        // The first that fits: what answers in another language is no failure of TLS, though libpq
        // says both in one sentence.
        let words = text.split(separator: "\n").compactMap { line in
            Self.byWords.first { line.contains($0.0) }?.1
        }
        let found = known + words
        self =
            found.first { !$0.isPassing } ?? found.first
            ?? (states.first.map { $0.classCode == "22" ? .invalidParameter : .other($0) })
            ?? .other(nil)
    }

    /// The SQLSTATE at the end of a line such as `FATAL:  28P01`.
    private static func state(_ line: Substring) -> SQLState? {
        guard let last = line.split(separator: " ").last, last.utf8.count == 5,
            line.dropLast(5).hasSuffix(":  "),
            last.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) })
        else { return nil }
        return SQLState(rawValue: String(last))
    }

    private static let byState: [String: ConnectionFailure] = [
        "28P01": .wrongPassword, "28000": .notLetIn, "3D000": .noSuchDatabase,
        "42501": .noRightToConnect, "42704": .invalidParameter, "53300": .tooManyConnections,
        "55000": .closedDatabase, "08P01": .refusedByPooler, "57P03": .notYet, "57P01": .notYet,
        "57P02": .notYet,
    ]

    /// What libpq itself says; it is never translated here, since the program sets no locale.
    private static let byWords: [(String, ConnectionFailure)] = [
        ("received invalid response to SSL negotiation", .noPostgres),
        ("expected authentication request from server", .noPostgres),
        ("definition of service", .noSuchService), ("service file", .noSuchService),
        ("server closed the connection unexpectedly", .hungUp),
        ("Connection reset by peer", .hungUp), ("SSL SYSCALL error: EOF detected", .hungUp),
        ("no password supplied", .noPassword), ("could not translate host name", .noSuchHost),
        ("server does not support SSL", .noTLS), ("root certificate file", .noRootCertificate),
        ("does not match host name", .foreignCertificate),
        ("certificate verify failed", .untrustedCertificate),
        ("SSL", .tls), ("certificate", .tls), ("Connection refused", .refused),
        ("No such file or directory", .refused), ("timeout expired", .unreachable),
        ("Connection timed out", .unreachable), ("No route to host", .unreachable),
        ("Network is unreachable", .unreachable), ("session is read-only", .noPrimary),
        ("server is in hot standby", .noPrimary), ("server is not in hot standby", .noPrimary),
    ]
}

extension ConnectionFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .malformedString:
            "the connection string cannot be read, or has a parameter that libpq does not know "
                + "(in a URI, special characters of a password are percent-encoded)"
        case .invalidParameter: "a parameter of the connection string has an impossible value"
        case .noSuchHost: "the host's name is not known"
        case .refused: "nobody listens there: the server is down, or the port is another one"
        case .unreachable: "the host does not answer"
        case .hungUp:
            "what listens there ends the connection at once: it is a proxy without a server behind "
                + "it, or no PostgreSQL server"
        case .noPostgres: "what listens there is no PostgreSQL server"
        case .noSuchService: "the connection string names a service that no service file has"
        case .noTLS: "TLS is asked for, and the server does not offer it"
        case .foreignCertificate: "the server's certificate is for another host than the one named"
        case .untrustedCertificate:
            "the server's certificate has expired, or is not signed by anybody in sslrootcert"
        case .noRootCertificate:
            "sslrootcert names no file (the certificate of whoever signs the server's)"
        case .tls: "TLS failed"
        case .wrongPassword: "the server refuses the role's password"
        case .noPassword: "the server wants a password, and the connection string has none"
        case .notLetIn:
            "the server does not let the role in: there is no such role, or pg_hba.conf refuses it"
        case .noSuchDatabase: "the server has no such database"
        case .closedDatabase:
            "the database takes no connections (alter database … allow_connections true)"
        case .refusedByPooler:
            "the pooler refuses a parameter of the connection string, such as options"
        case .noRightToConnect: "the role may not connect to the database (grant connect)"
        case .tooManyConnections: "the server has no connection left"
        case .notYet: "the server is starting up or shutting down"
        case .noPrimary: "of the hosts none takes writes now"
        case .other(let state): "the reason is \(state.map { "SQLSTATE \($0)" } ?? "not known")"
        }
    }
}
