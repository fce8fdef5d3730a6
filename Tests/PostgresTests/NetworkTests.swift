import Foundation
import PostgresCluster
import TestSupport
import Testing

@testable import Postgres

/// A server on another host, as far as libpq can tell: over TCP, with a certificate for its name.
@Suite("The network between", .timeLimit(.minutes(5)))
struct NetworkTests {
    private static let names = ["DNS:db.example", "DNS:*.db.example"]

    /// Lends a server with a certificate; what it is called by is the rest of a connection string.
    private func withServer(
        _ certificate: TestCertificate,
        _ body:
            @escaping @Sendable (_ address: String, _ owner: PostgresConnection) async throws
            -> Void
    ) async throws {
        try await TCPServer.run { port, owner in
            try await owner.script("create role known login password 'SECRET'")
            // The server's own user writes the files, into its data folder.
            try await owner.script(
                """
                copy (select unnest(string_to_array('\(certificate.key)', e'\\n')))
                to program 'umask 077; cat > tls.key';
                copy (select unnest(string_to_array('\(certificate.certificate)', e'\\n')))
                to program 'umask 077; cat > tls.crt'
                """
            )
            for setting in ["cert_file = 'tls.crt'", "key_file = 'tls.key'"] {
                try await owner.script("alter system set ssl_\(setting)")
            }
            let address =
                "hostaddr=127.0.0.1 port=\(port) dbname=postgres user=known "
                + "password=SECRET"
            try await body(address, owner)
        }
    }

    private func diagnose(_ url: String) async -> ConnectionFailure? {
        await ConnectionFailure.diagnose(PostgresConfiguration(url: url))
    }

    @Test(
        "of a list every host must be here, by its address where it has one",
        arguments: [
            ("", "", true), ("localhost", "", true), ("/run,::1", "", true),
            ("localhost,db.example", "", false), ("db.example", "127.0.0.1", true),
            ("db.example,localhost", ",127.0.0.1", false), ("localhost,db", "127.0.0.1,", false),
            ("db.example", "10.0.0.1", false),
        ]
    )
    func hosts(hosts: String, addresses: String, areHere: Bool) {
        #expect(PostgresConfiguration.areAllHere(hosts: hosts, addresses: addresses) == areHere)
    }

    @Test("verify-full takes the right name under the right signature, nothing else, nor the clear")
    func verification() async throws {
        let right = try await TestCertificate.make(for: Self.names)
        let wrong = try await TestCertificate.make(for: Self.names)
        let folder = try newTemporaryFolder()
        let root = try right.write(to: folder).certificate
        let otherFolder = try newTemporaryFolder()
        let otherRoot = try wrong.write(to: otherFolder).certificate
        defer {
            for path in [folder, otherFolder] { try? FileManager.default.removeItem(atPath: path) }
        }
        try await withServer(right) { address, owner in
            let full = "\(address) sslmode=verify-full sslrootcert=\(root)"
            // The server takes whoever speaks in the clear, too.
            #expect(await diagnose("\(full) host=db.example") == .noTLS)
            #expect(await diagnose("\(address) host=db.example sslmode=prefer") == nil)
            try await owner.script("alter system set ssl = on")
            try await owner.script("select pg_reload_conf()")
            var found: ConnectionFailure? = .noTLS
            while found == .noTLS { found = await diagnose("\(full) host=db.example") }
            #expect(found == nil)
            #expect(await diagnose("\(full) host=a.db.example") == nil)
            for (string, failure) in [
                ("\(full) host=other.example", ConnectionFailure.foreignCertificate),
                ("\(full) host=a.b.db.example", .foreignCertificate),
                ("\(full) host=127.0.0.1", .foreignCertificate),
                (full.replacing(root, with: otherRoot) + " host=db.example", .untrustedCertificate),
                (full.replacing(root, with: "/nowhere") + " host=db.example", .noRootCertificate),
            ] {
                #expect(await diagnose(string) == failure)
                #expect(!failure.isPassing && !failure.description.isEmpty)
            }
            let connection = try await PostgresConnection.connect(
                PostgresConfiguration(url: "\(full) host=db.example")
            )
            let statement = Statement(
                "which_tls",
                "select version from pg_stat_ssl where pid = pg_backend_pid() and ssl"
            )
            let version = try await connection.query(statement) { (result) throws(PostgresError) in
                try result.text(0, 0)
            }
            #expect(version == "TLSv1.3")
            await connection.close()
        }
    }

    @Test(
        "who is neither here nor known by a certificate is exposed to the network",
        arguments: [
            ("host=/run/postgresql", false), ("dbname=a", false), ("host=localhost", false),
            ("host=127.0.0.1", false), ("host=127.8.9.1", false), ("postgresql://[::1]/a", false),
            ("host=@abstract", false), ("host=localhost,127.0.0.1", false),
            ("host=db.example hostaddr=127.0.0.1", false), ("nothing that can be read", false),
            ("host=192.0.2.1", true), ("host=192.0.2.1 sslmode=require", true),
            ("host=192.0.2.1 sslmode=verify-ca", true), ("host=192.0.2.1 sslmode=prefer", true),
            ("host=192.0.2.1 sslmode=verify-full", false),
            ("postgresql://192.0.2.1/a?sslmode=verify-full", false),
            ("postgresql://a@[2001:db8::1]/a", true), ("host=127.0.0.1,192.0.2.1", true),
            ("host=localhost hostaddr=192.0.2.1", true), ("host=localhost.invalid", true),
            ("host=127.0.0.1.invalid", true), ("host=::ffff:192.0.2.1", true),
        ]
    )
    func exposed(url: String, isExposed: Bool) async {
        #expect(await PostgresConfiguration(url: url).isExposed() == isExposed)
    }
}
