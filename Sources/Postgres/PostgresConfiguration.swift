/// Where the database is and how long to wait for it.
///
/// It has no textual form, since the connection string may hold a password.
package struct PostgresConfiguration: Sendable {
    /// A connection string of libpq: a URI or `key=value` pairs.
    ///
    /// What it sets wins over the
    /// limits below. Several hosts are tried in order.
    package var url: String
    /// How the connection is named in `pg_stat_activity`.
    package var applicationName: String
    /// How many connections the pool opens.
    ///
    /// Beyond a dozen, one log gains nothing from more.
    package var connectionsMax = 8
    /// How many tasks may wait for a connection.
    ///
    /// More than this cannot be served within
    /// `waitMax`, so they are refused at once.
    package var waitersMax = 512
    /// How long a task waits for a connection before it is refused.
    package var waitMax: Duration = .seconds(2)
    /// How long one host may take to accept a connection; libpq counts whole seconds from 2.
    package var connectTimeMax: Duration = .seconds(3)
    /// How long the network may leave sent bytes unconfirmed before the peer counts as dead; a
    /// connection on which nothing moves is asked after as long a silence.
    package var unconfirmedTimeMax: Duration = .seconds(5)
    /// How long the server works on one statement; nil lifts the limit.
    package var statementTimeMax: Duration? = .seconds(2)
    /// How long we wait for an answer beyond the server's limit for the statement.
    ///
    /// The server does not count the commit, and a silent one counts nothing.
    package var answerTimeMax: Duration = .seconds(1)
    /// How long a statement waits for a lock; nil lifts the limit.
    package var lockTimeMax: Duration? = .seconds(1)
    /// How long a transaction may stay open without a statement; nil lifts the limit.
    package var idleInTransactionTimeMax: Duration? = .seconds(5)

    /// A statement that each session begins with; where it fails there is no connection.
    var requirement: String?

    /// The usual limits for a database.
    package init(url: String, applicationName: String = "token-ledger") {
        self.url = url
        self.applicationName = applicationName
    }

    /// The same database for commands, behind which nobody waits.
    ///
    /// Each of several hosts has its time to accept a connection: one that is gone without a word is
    /// waited for longer than callers of a service are.
    package var forCommands: PostgresConfiguration {
        var configuration = self
        configuration.waitMax = .seconds(60)
        return configuration
    }

    /// The same database for commands that read or write very much.
    ///
    /// A statement may take long, and still nothing is waited for without end: whoever waits for a
    /// table stands before everybody who comes later.
    package var withLongLimits: PostgresConfiguration {
        var configuration = forCommands
        configuration.statementTimeMax = .seconds(3_600)
        configuration.lockTimeMax = .seconds(10)
        configuration.idleInTransactionTimeMax = .seconds(60)
        return configuration
    }

    /// The same database without limits on statements, locks and transactions, for measuring.
    package var withoutTimeLimits: PostgresConfiguration {
        var configuration = self
        configuration.statementTimeMax = nil
        configuration.lockTimeMax = nil
        configuration.idleInTransactionTimeMax = nil
        return configuration
    }

    /// The keywords for libpq, in the order in which it reads them: the later one wins.
    ///
    /// Nothing that a pooler in between would refuse: limits and settings of the session are told
    /// after connecting (`sessionScript`).
    func keywords(hasSeveralHosts: Bool) -> [(String, String)] {
        let silence = "\(max(1, unconfirmedTimeMax.components.seconds))"
        return [
            ("connect_timeout", "\(max(2, connectTimeMax.components.seconds))"),
            ("tcp_user_timeout", "\(Self.milliseconds(unconfirmedTimeMax))"),
            ("keepalives", "1"),
            ("keepalives_idle", silence),
            ("keepalives_interval", "1"),
            ("keepalives_count", silence),
            // One of several hosts may be a standby, which writes nothing.
            ("target_session_attrs", hasSeveralHosts ? "read-write" : "any"),
            ("fallback_application_name", applicationName),
            ("dbname", url),
            ("client_encoding", "UTF8"),
        ]
    }

    /// Whole milliseconds; PostgreSQL reads 0 as no limit.
    static func milliseconds(_ duration: Duration?) -> Int64 {
        guard let duration else { return 0 }
        return max(1, Int64(duration / .milliseconds(1)))
    }
}

extension PostgresConfiguration:
    CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable
{
    package var description: String { "PostgresConfiguration(\(applicationName))" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
