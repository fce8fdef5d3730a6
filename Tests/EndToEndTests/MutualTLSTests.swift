import Foundation
import Postgres
import Subprocess
import TestSupport
import Testing
import Wire

/// API keys that are bound to certificates, as curl and Python's TLS show them to `token-ledger serve`.
@Suite("Keys bound to certificates", .timeLimit(.minutes(5)))
struct MutualTLSTests {
    /// A service that is about to listen with TLS, and what callers of it have.
    private struct Scene {
        let setup: TestServe.Setup
        let folder: String
        let flags: [String]

        /// Runs a command of the program.
        func run(_ command: String) async throws -> TestProgram.Answer {
            try await TestProgram.run(
                TestProgram.path,
                command.split(separator: " ").map(String.init),
                environment: setup.settings
            )
        }

        /// Makes or rotates a key.
        func key(_ command: String) async throws -> (id: String, secret: String) {
            let answer = try await run("api-key \(command) --json")
            try #require(answer.status == 0, "\(answer.messages)")
            let json = try JSONParser.parse(Array(answer.output.utf8.dropLast()), depthMax: 4)
            return (try #require(json["id"]?.text), try #require(json["key"]?.text))
        }

        /// Writes a certificate and its key, and gives the path of both without an end.
        func write(_ certificate: TestCertificate, as name: String) throws -> String {
            try certificate.write(to: folder, as: name)
            return "\(folder)/\(name)"
        }

        /// What curl is answered, or the number with which it fails.
        func curl(
            _ path: String,
            _ serve: TestServe,
            key: String?,
            showing certificate: String? = nil,
            _ more: [String] = []
        ) async throws -> String {
            var arguments = ["--silent", "--insecure", "--max-time", "20"]
            arguments += ["--output", "\(folder)/body", "--write-out", "%{http_code}"]
            if let key { arguments += ["--header", "Authorization: Bearer \(key)"] }
            if let certificate {
                arguments += ["--cert", certificate + ".crt", "--key", certificate + ".key"]
            }
            let url = "https://127.0.0.1:\(try await serve.port)\(path)"
            let answer = try await TestProgram.run("curl", arguments + more + [url])
            return answer.status == 0 ? answer.output : "curl \(answer.status)"
        }

        /// What it was answered last.
        var body: String {
            (try? String(contentsOfFile: "\(folder)/body", encoding: .utf8)) ?? ""
        }
    }

    private static let asking = ["--tls-client-certificates", "ask"]

    /// Lends a database with an app, and a certificate to listen with.
    private func prepare(
        _ flags: [String] = asking,
        _ body: (Scene) async throws -> Void
    ) async throws {
        try await TestProgramFolder.lend { folder in
            let database = try await TestPostgres.freshDatabase()
            let setup = try await TestServe.prepare(in: folder, owner: database.url)
            let (path, key) = try await TestCertificate.make().write(to: folder.path)
            try await body(
                Scene(
                    setup: setup,
                    folder: folder.path,
                    flags: ["--tls-certificate-file", path, "--tls-key-file", key] + flags
                )
            )
        }
    }

    /// What openssl and coreutils make of a certificate.
    private func thumbprint(_ path: String) async throws -> String {
        let script = """
            openssl x509 -in \(path).crt -outform der | openssl dgst -sha256 -binary | base64 \
            | tr -d '=\\n' | tr '+/' '-_'
            """
        return try await TestProgram.run("sh", ["-c", script]).output
    }

    @Test("a key is good with one of its certificates, and no good with another or none")
    func curl() async throws {
        try await prepare { scene in
            let first = try await TestCertificate.make()
            let one = try scene.write(first, as: "one")
            let two = try scene.write(try await TestCertificate.make(.rsa), as: "two")
            let stranger = try scene.write(try await TestCertificate.make(), as: "stranger")
            let old = try scene.write(try await first.expired(), as: "old")
            let create = "create --app serve --scope all"
            let bound = try await scene.key(
                "\(create) --client-certificate \(one).crt --client-certificate \(two).crt"
            )
            let aged = try await scene.key("\(create) --client-certificate \(old).crt")
            let plain = try await scene.key(create)
            let kept = try await scene.key("rotate \(bound.id) --overlap 1h")
            let moved = try await scene.key(
                "rotate \(kept.id) --overlap 1h --client-certificate \(stranger).crt"
            )
            try await TestServe.run(scene.setup, scene.flags) { serve in
                for (key, certificate, expected) in [
                    (bound, one, "200"), (bound, two, "200"), (bound, stranger, "403"),
                    (bound, nil, "403"), (bound, old, "403"), (aged, old, "200"),
                    (aged, one, "403"), (kept, two, "200"), (kept, nil, "403"),
                    (moved, stranger, "200"), (moved, one, "403"), (plain, nil, "200"),
                    (plain, stranger, "200"),
                ] as [((id: String, secret: String), String?, String)] {
                    let found = try await scene.curl(
                        "/v1/users",
                        serve,
                        key: key.secret,
                        showing: certificate
                    )
                    #expect(found == expected, "\(key.id), \(certificate ?? "none")")
                    if expected == "403" { #expect(scene.body.contains("network_refused")) }
                }
                // Who holds the certificate and not its key cannot show it.
                let stolen = ["--cert", one + ".crt", "--key", stranger + ".key"]
                let theft = try await scene.curl("/v1/users", serve, key: bound.secret, stolen)
                #expect(theft == "curl 58")
                let aside = ["--tls-max", "1.2"]
                let past = try await scene.curl("/livez", serve, key: nil, showing: one, aside)
                #expect(past == "curl 35")
            }
            let prints = [try await thumbprint(one), try await thumbprint(two)]
            let shown = "[\"\(prints[0])\",\"\(prints[1])\"]"
            let list = try await scene.run("api-key list --json").output
            #expect(list.contains("\"client_certificates\":\(shown)"), "\(list)")
            #expect(
                try await scene.run("api-key list").output.contains(prints.joined(separator: ","))
            )
            let records = try await scene.run("export --log facts").output
            #expect(records.contains("\"client_certificates\":\(shown)"))
            #expect(try await scene.run("verify").status == 0)
        }
    }

    /// Two calls over one connection, two over one that resumes its session, and so on, with a line of
    /// what came of each: whether the session was resumed, and the two answers.
    ///
    /// It reads a line before the last of them, and ends with its input.
    private static let script = """
        import socket, ssl, sys
        port, key, path = int(sys.argv[1]), sys.argv[2], sys.argv[3]
        request = f"GET /v1/users HTTP/1.1\\r\\nHost: a\\r\\nAuthorization: Bearer {key}\\r\\n\\r\\n"
        def context():
            made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            made.check_hostname = False
            made.verify_mode = ssl.CERT_NONE
            return made
        def connect(context, session=None):
            return context.wrap_socket(socket.create_connection(("127.0.0.1", port), 20), session=session)
        def get(connection):
            connection.sendall(request.encode())
            text = b""
            while not text.endswith(b"}"):
                piece = connection.recv(65536)
                if not piece:
                    return "closed"
                text += piece
            return text.split(b" ")[1].decode()
        def call(name, connection):
            print(name, connection.session_reused, get(connection), get(connection), flush=True)
            return connection.session
        shows, hides = context(), context()
        shows.load_cert_chain(path + ".crt", path + ".key")
        kept = connect(shows)
        session = call("shown", kept)
        call("resumed", connect(shows, session))
        nothing = call("hidden", connect(hides))
        call("resumed", connect(hides, nothing))
        hides.load_cert_chain(path + ".crt", path + ".key")
        call("resumed from before", connect(hides, nothing))
        call("shown now", connect(hides))
        for line in sys.stdin:
            call("kept", kept)
            call("resumed", connect(shows, session))
        """

    @Test(
        "a certificate counts for its connection and for sessions that it began, and for no other"
    )
    func sessions() async throws {
        try await prepare { scene in
            let one = try scene.write(try await TestCertificate.make(), as: "one")
            let bound = try await scene.key(
                "create --app serve --scope users:read --client-certificate \(one).crt"
            )
            try await TestServe.run(scene.setup, scene.flags) { serve in
                let port = try await serve.port
                let lines = try await Subprocess.run(
                    .name("python3"),
                    arguments: ["-c", Self.script, "\(port)", bound.secret, one],
                    input: .inputWriter,
                    output: .sequence,
                    error: .discarded
                ) { execution in
                    var found: [String] = []
                    var lines = execution.standardOutput.strings().makeAsyncIterator()
                    while found.count < 6, let line = try await lines.next() { found.append(line) }
                    // Another certificate to listen with, and so another place for sessions.
                    let next = try await TestCertificate.make()
                    try next.write(to: scene.folder)
                    while !serve.text.contains("the certificate was changed") {
                        try #require(serve.isRunning)
                        try await Task.sleep(for: .milliseconds(50))
                    }
                    _ = try await execution.standardInputWriter.write("\n")
                    while found.count < 8, let line = try await lines.next() { found.append(line) }
                    try await execution.standardInputWriter.finish()
                    return found
                }.closureResult
                #expect(
                    lines == [
                        "shown False 200 200", "resumed True 200 200", "hidden False 403 403",
                        "resumed True 403 403", "resumed from before True 403 403",
                        "shown now False 200 200", "kept False 200 200", "resumed False 200 200",
                    ]
                )
            }
        }
    }

    @Test("pages and answers that last need the certificate too, and go on with it")
    func lasting() async throws {
        try await prepare(Self.asking + ["--console", "on"]) { scene in
            let one = try scene.write(try await TestCertificate.make(), as: "one")
            let bound = try await scene.key(
                "create --app serve --scope all --client-certificate \(one).crt"
            )
            try await TestServe.run(scene.setup, scene.flags) { serve in
                let form = [
                    "--header", "Sec-Fetch-Site: same-origin", "--data", "key=\(bound.secret)",
                    "--dump-header", "\(scene.folder)/head",
                ]
                let path = "/console/sign-in"
                #expect(try await scene.curl(path, serve, key: nil, form) == "401")
                #expect(try await scene.curl(path, serve, key: nil, showing: one, form) == "303")
                let head = try String(contentsOfFile: "\(scene.folder)/head", encoding: .utf8)
                let cookie = try #require(head.firstMatch(of: /(?i)set-cookie: ([^;]+);/)?.output.1)
                let page = ["--header", "Sec-Fetch-Site: same-origin", "--cookie", "\(cookie)"]
                let console = "/console/users"
                #expect(try await scene.curl(console, serve, key: nil, showing: one, page) == "200")
                #expect(try await scene.curl(console, serve, key: nil, page) == "403")
                let app = try await scene.curl("/console/app", serve, key: nil, showing: one, page)
                let print = try await thumbprint(one)
                #expect(app == "200" && scene.body.contains("<code>\(print)</code>"))

                // Its key is asked for again once a second; curl leaves before it would be ended.
                let tail = ["--no-buffer", "--max-time", "5"]
                let events = "/v1/events/tail"
                let follow = try await scene.curl(
                    events,
                    serve,
                    key: bound.secret,
                    showing: one,
                    tail
                )
                #expect(follow == "curl 28")
                #expect(try await scene.curl(events, serve, key: bound.secret, tail) == "403")
                let export = "/v1/export?log=facts"
                let whole = try await scene.curl(export, serve, key: bound.secret, showing: one)
                #expect(whole == "200")
                #expect(try await scene.curl(export, serve, key: bound.secret) == "403")
            }
        }
    }

    @Test("a service that asks for no certificate refuses bound keys, and says so at its start")
    func unasked() async throws {
        try await prepare([]) { scene in
            let one = try scene.write(try await TestCertificate.make(), as: "one")
            try await TestServe.run(scene.setup, scene.flags) { serve in
                _ = try await serve.port
                #expect(!serve.text.contains("client certificates"))
            }
            let bound = try await scene.key(
                "create --app serve --scope all --client-certificate \(one).crt"
            )
            try await TestServe.run(scene.setup, scene.flags) { serve in
                let answer = try await scene.curl(
                    "/v1/users",
                    serve,
                    key: bound.secret,
                    showing: one
                )
                #expect(answer == "403")
                #expect(serve.text.contains("bound to client certificates: 1."), "\(serve.text)")
            }
            for (value, words) in [("ask", "needs TLS here"), ("on", "must be \\\"ask\\\"")] {
                let refused = try await scene.run("serve --tls-client-certificates \(value)")
                let said = refused.messages + refused.output
                #expect(refused.status == 1 && said.contains(words.replacing("\\", with: "")))
            }
        }
    }

    /// A certificate whose version is none, which openssl shows all the same.
    private func odd(_ certificate: TestCertificate) throws -> TestCertificate {
        let lines = certificate.certificate.split(separator: "\n")
        var bytes = try #require(Data(base64Encoded: lines.dropFirst().dropLast().joined()))
        let version = try #require(bytes.firstRange(of: Data([0xA0, 0x03, 0x02, 0x01, 0x02])))
        bytes[version.upperBound - 1] = 9
        let text = bytes.base64EncodedString(options: [
            .lineLength64Characters, .endLineWithLineFeed,
        ])
        return TestCertificate(
            certificate: "\(lines[0])\n\(text)\n\(lines[lines.count - 1])\n",
            key: certificate.key
        )
    }

    @Test("what is no certificate binds no key, and what cannot be read is no connection")
    func refusals() async throws {
        try await prepare { scene in
            let made = try await TestCertificate.make()
            let one = try scene.write(made, as: "one")
            let odd = try scene.write(try odd(made), as: "odd")
            let other = try await TestCertificate.make()
            try TestCertificate.replace(
                "\(scene.folder)/chain.crt",
                with: made.certificate + other.certificate
            )
            try TestCertificate.replace(
                "\(scene.folder)/cut.crt",
                with: String(made.certificate.dropLast(100))
            )
            let create = "api-key create --app serve --scope launch"
            for (path, words) in [
                (one + ".key", "a private key, which stays with the caller"),
                (scene.folder + "/nothing", "cannot be read"), (scene.folder, "cannot be read"),
                (scene.folder + "/cut.crt", "holds no certificate"), (odd + ".crt", "holds no"),
            ] {
                let answer = try await scene.run("\(create) --client-certificate \(path)")
                #expect(answer.status == 1 && answer.messages.contains(words), "\(answer.messages)")
            }
            let many = String(repeating: " --client-certificate \(one).crt", count: 11)
            #expect(try await scene.run(create + many).status == 64)
            let before = try await scene.run("api-key list --json").output
            #expect(!before.contains("\"client_certificates\":[\""), "nothing was made")
            let twice =
                " --client-certificate \(scene.folder)/chain.crt --client-certificate \(one).crt"
            let chain = try await scene.run(create + twice)
            #expect(chain.messages.contains("of 2 it is the first, and alone counts"))
            let list = try await scene.run("api-key list --json").output
            let print = try await thumbprint(one)
            #expect(list.contains("\"client_certificates\":[\"\(print)\"]"), "each once")
            try await TestServe.run(scene.setup, scene.flags) { serve in
                #expect(try await scene.curl("/livez", serve, key: nil, showing: one) == "200")
                let answer = try await scene.curl("/livez", serve, key: nil, showing: odd)
                #expect(answer.hasPrefix("curl "), "\(answer)")
            }
        }
    }
}
