import PostgresCluster
import TestSupport
import Testing

@testable import Postgres

@Suite("Why no connection could be made", .timeLimit(.minutes(5)))
struct ConnectionFailureTests {
    /// A server with passwords, at a TCP port that was free.
    private func withServer(
        _ body:
            @escaping @Sendable (_ address: String, _ owner: PostgresConnection) async throws
            -> Void
    ) async throws {
        try await TCPServer.run { port, owner in
            try await body("127.0.0.1:\(port)", owner)
        }
    }

    private func diagnose(_ url: String) async -> ConnectionFailure? {
        await ConnectionFailure.diagnose(PostgresConfiguration(url: url))
    }

    @Test("each reason is told apart from the others, in every language of the server")
    func reasons() async throws {
        try await withServer { address, owner in
            for script in [
                "create role known login password 'SECRET'",
                "create role full login password 'SECRET' connection limit 0",
                "create database shut allow_connections false",
                "create database closed", "revoke connect on database closed from public",
            ] {
                try await owner.script(script)
            }
            let known = "postgresql://known:SECRET@\(address)"
            let cases: [(String, ConnectionFailure?)] = [
                ("\(known)/postgres", nil),
                ("postgresql://known:MARKER@\(address)/postgres", .wrongPassword),
                ("postgresql://nobody:MARKER@\(address)/postgres", .wrongPassword),
                ("postgresql://known@\(address)/postgres?passfile=/dev/null", .noPassword),
                ("\(known)/MARKER", .noSuchDatabase),
                ("\(known)/closed", .noRightToConnect),
                ("\(known)/shut", .closedDatabase),
                ("service=MARKER", .noSuchService),
                ("postgresql://full:SECRET@\(address)/postgres", .tooManyConnections),
                ("\(known)/postgres?sslmode=require", .noTLS),
                ("\(known)/postgres?sslmode=MARKER", .invalidParameter),
                ("\(known)/postgres?options=-c%20work_mem%3DMARKER", .invalidParameter),
                ("\(known)/postgres?options=-c%20MARKER%3D1", .invalidParameter),
                ("\(known)/postgres?MARKER=1", .malformedString),
                ("host MARKER", .malformedString),
                ("postgresql://known:SECRET@127.0.0.1:1/postgres", .refused),
                ("postgresql:///postgres?host=/nowhere", .refused),
                ("postgresql://known:SECRET@MARKER.invalid/postgres", .noSuchHost),
                ("\(known)/postgres?target_session_attrs=standby", .noPrimary),
                // What somebody must change counts more than what may pass.
                (
                    "postgresql://known:MARKER@127.0.0.1:1,\(address)/postgres",
                    .wrongPassword
                ),
                ("postgresql://known:SECRET@127.0.0.1:1,\(address)/postgres", nil),
                // Of several hosts one must write, although nothing in the string says so.
                (
                    "postgresql://known:SECRET@\(address),\(address)/postgres"
                        + "?options=-c%20default_transaction_read_only%3Don",
                    .noPrimary
                ),
            ]
            for language in ["C", "de_DE.UTF-8"] {
                // Where the server does not have the language, it keeps to its own.
                try? await owner.script("alter system set lc_messages = '\(language)'")
                try await owner.script("select pg_reload_conf()")
                for (url, expected) in cases {
                    let found = await diagnose(url)
                    #expect(found == expected, "\(url)")
                    let words = "\(String(describing: found)) \(found?.description ?? "")"
                    #expect(!words.contains("MARKER") && !words.contains("SECRET"), "\(url)")
                }
            }
        }
    }

    @Test("a server that is starting up will be there; who is not let in never will be")
    func states() {
        let cases: [(String, ConnectionFailure)] = [
            ("connection to server at \"x\" failed: FATAL:  57P03\n", .notYet),
            ("connection to server at \"x\" failed: FATAL:  28000\n", .notLetIn),
            ("connection to server at \"x\" failed: FATAL:  53300\n", .tooManyConnections),
            (
                "connection to server at \"x\" failed: FATAL:  XX000\n",
                .other(.init(rawValue: "XX000"))
            ),
            (
                "connection to server at \"x\" failed: FATAL:  57P03\n"
                    + "connection to server at \"y\" failed: FATAL:  28P01\n",
                .wrongPassword
            ),
            ("connection to server at \"x\" failed: ERROR:  08P01\n", .refusedByPooler),
            // An HTTP server answers the question for TLS; one that knows no TLS, the start.
            ("received invalid response to SSL negotiation: H\n", .noPostgres),
            ("expected authentication request from server, but received H\n", .noPostgres),
            (
                "connection to server at \"x\" failed: server closed the connection unexpectedly\n"
                    + "\tThis probably means the server terminated abnormally\n"
                    + "\tbefore or while processing the request.\n",
                .hungUp
            ),
            ("connection to server at \"x\" failed: Connection reset by peer\n", .hungUp),
            ("", .other(nil)),
        ]
        for (text, expected) in cases {
            #expect(ConnectionFailure(text) == expected)
        }
        #expect(ConnectionFailure.notYet.isPassing && ConnectionFailure.refused.isPassing)
        #expect(!ConnectionFailure.wrongPassword.isPassing && !ConnectionFailure.tls.isPassing)
    }
}
