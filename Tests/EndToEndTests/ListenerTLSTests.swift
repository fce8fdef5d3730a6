import Foundation
import Subprocess
import TestSupport
import Testing
import Wire

/// `token-ledger serve` with a certificate, as curl and Python's TLS see it.
@Suite("TLS without a proxy", .timeLimit(.minutes(5)))
struct ListenerTLSTests {
    /// Lends a service that listens with this certificate, and the paths of its two files.
    private func run(
        _ certificate: TestCertificate,
        _ body: (_ serve: TestServe, _ certificate: String, _ key: String) async throws -> Void
    ) async throws {
        try await TestProgramFolder.lend { folder in
            let database = try await TestPostgres.freshDatabase()
            let setup = try await TestServe.prepare(in: folder, owner: database.url)
            let (path, key) = try certificate.write(to: folder.path)
            try await TestServe.run(
                setup,
                ["--tls-certificate-file", path, "--tls-key-file", key]
            ) { serve in
                try await body(serve, path, key)
            }
        }
    }

    /// What curl writes to its output, or the number with which it fails.
    private func curl(_ arguments: [String]) async throws -> (status: TerminationStatus, String) {
        let answer = try await Subprocess.run(
            .name("curl"),
            arguments: Arguments(["--silent", "--max-time", "20"] + arguments),
            output: .string(limit: 1 << 16)
        )
        return (answer.terminationStatus, answer.standardOutput)
    }

    @Test("curl trusts the certificate, speaks HTTP/1.1 over TLS 1.2 or 1.3, and no less")
    func versions() async throws {
        try await run(try await TestCertificate.make()) { serve, certificate, _ in
            let url = "https://127.0.0.1:\(try await serve.port)/livez"
            let trusting = ["--cacert", certificate, "--include", url]
            for version in [["--tlsv1.3"], ["--tls-max", "1.2"], ["--http2"]] {
                let (status, text) = try await curl(version + trusting)
                #expect(status.isSuccess, "\(version)")
                #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"), "\(text)")
                #expect(
                    text.contains("\r\nStrict-Transport-Security: max-age=63072000\r\n"),
                    "\(text)"
                )
            }
            // The library behind curl would not offer it by itself.
            let old = try await curl(
                ["--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0"] + trusting
            )
            #expect(old.status == .exited(35))
            // It closes, without an answer that a client could take for one of the service.
            let plain = try await curl(["--include", url.replacing("https:", with: "http:")])
            #expect(!plain.status.isSuccess && !plain.1.contains("HTTP/1"), "\(plain)")
            // Whoever does not know the certificate does not go on.
            #expect(try await curl([url]).status == .exited(60))
        }
    }

    /// Tells by which certificate a new connection is served, and whether an old one is still.
    ///
    /// It reads a line before each look, and ends with its input.
    private static let script = """
        import hashlib, socket, ssl, sys
        port = int(sys.argv[1])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        def connect():
            return context.wrap_socket(socket.create_connection(("127.0.0.1", port), 20))
        def get(connection):
            connection.sendall(b"GET /livez HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n")
            text = b""
            while not text.endswith(b"}"):
                piece = connection.recv(65536)
                if not piece:
                    return "closed"
                text += piece
            return text.split(b" ")[1].decode()
        old = connect()
        for line in sys.stdin:
            new = connect()
            shown = ssl.DER_cert_to_PEM_cert(new.getpeercert(True)).replace("\\n", "")
            print(get(old), get(new), shown, flush=True)
            new.close()
        """

    @Test("a changed certificate is shown to those who come, and old connections go on")
    func reload() async throws {
        let (first, second) = (try await TestCertificate.make(), try await TestCertificate.make())
        try await run(first) { serve, certificate, key in
            let port = try await serve.port
            let looks = try await Subprocess.run(
                .name("python3"),
                arguments: ["-c", Self.script, "\(port)"],
                input: .inputWriter,
                output: .sequence,
                error: .discarded
            ) { execution in
                var lines = execution.standardOutput.strings().makeAsyncIterator()
                func look() async throws -> [String] {
                    _ = try await execution.standardInputWriter.write("\n")
                    let line = try await lines.next() ?? ""
                    return line.split(separator: " ", maxSplits: 2).map(String.init)
                }
                func wait(for words: String) async throws {
                    while !serve.text.contains(words) {
                        try #require(serve.isRunning)
                        try await Task.sleep(for: .milliseconds(50))
                    }
                }
                var looks = [try await look()]
                // The key of another certificate: the old pair stays.
                try TestCertificate.replace(key, with: second.key)
                try await wait(for: "the key is not that of the first certificate")
                looks.append(try await look())
                // A key that everybody may read is not taken either, though it is the right one.
                try setMode(0o644, of: key)
                try TestCertificate.replace(certificate, with: second.certificate)
                try await wait(for: "others than its owner")
                looks.append(try await look())
                try setMode(0o600, of: key)
                try await wait(for: "the certificate was changed")
                looks.append(try await look())
                try await execution.standardInputWriter.finish()
                return looks
            }.closureResult
            #expect(looks.map { $0.prefix(2) } == Array(repeating: ["200", "200"], count: 4))
            let shown = [first, first, first, second].map { flat($0.certificate) }
            #expect(looks.map { flat($0.last ?? "") } == shown)
        }
    }

    private func setMode(_ mode: Int, of path: String) throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    private func flat(_ pem: String) -> String { pem.filter { !$0.isWhitespace } }

    /// What the start says with these two files, if they are named.
    private func words(
        _ certificate: String?,
        _ key: String?,
        in folder: TestProgramFolder
    ) async throws -> String {
        let rootKey = folder.path + "/root.key"
        try TestCertificate.replace(rootKey, with: String(repeating: "5a", count: 32))
        var environment = [
            "TOKEN_LEDGER_DATABASE_URL": "host=/tmp dbname=nothing",
            "TOKEN_LEDGER_ROOT_KEY_FILE": rootKey, "TOKEN_LEDGER_SPOOL_FOLDER": folder.path,
            // Wherever it came so far, it ends here.
            "TOKEN_LEDGER_PUBLIC_URL": "ftp://further",
        ]
        environment["TOKEN_LEDGER_TLS_CERTIFICATE_FILE"] = certificate
        environment["TOKEN_LEDGER_TLS_KEY_FILE"] = key
        let answer = try await TestProgram.run(
            TestProgram.path,
            ["serve"],
            environment: environment
        )
        #expect(answer.status == 1)
        return answer.messages
    }

    @Test("what is no pair to serve with ends the start, in words")
    func refusals() async throws {
        let (one, other) = (try await TestCertificate.make(), try await TestCertificate.make())
        try await TestProgramFolder.lend { folder in
            let (certificate, key) = try one.write(to: folder.path)
            let foreign = folder.path + "/foreign.key"
            try TestCertificate.replace(foreign, with: other.key)
            let cases: [(String?, String?, String)] = [
                (certificate, nil, "set together or not at all"),
                (nil, key, "set together or not at all"),
                (folder.path + "/x", key, "/x cannot be read"),
                (certificate, folder.path + "/x", "cannot be read"),
                (certificate, folder.path, "cannot be read"),
                (key, key, "certificates cannot be read as PEM"),
                (certificate, foreign, "the key is not that of the first certificate"),
                (certificate, key, "PUBLIC_URL is not"),
            ]
            for (certificate, key, expected) in cases {
                let found = try await words(certificate, key, in: folder)
                #expect(found.contains(expected), "\(found)")
            }
            for mode in [0o604, 0o620, 0o602] {
                try setMode(mode, of: key)
                let found = try await words(certificate, key, in: folder)
                #expect(found.contains("others than its owner"), "\(found)")
            }
            // How orchestrators hand out secrets.
            try setMode(0o440, of: key)
            let found = try await words(certificate, key, in: folder)
            #expect(found.contains("PUBLIC_URL is not"), "\(found)")
        }
    }
}
