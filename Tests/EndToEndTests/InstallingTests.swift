import Foundation
import Postgres
import TestSupport
import Testing
import Wire

/// Runs commands of the program as an operator would, on a database of its own.
@Suite("installing the program", .timeLimit(.minutes(5)))
struct InstallingTests {
    /// Runs a command with these variables on top of ours.
    private func run(
        _ arguments: [String],
        _ environment: [String: String] = [:]
    ) async throws -> TestProgram.Answer {
        try await TestProgram.run(TestProgram.path, arguments, environment: environment)
    }

    /// What `kubelet` puts into every pod of a namespace with these Services.
    private static let kubernetes = [
        "TOKEN_LEDGER_SERVICE_HOST": "10.0.0.1",
        "TOKEN_LEDGER_SERVICE_PORT": "8080",
        "TOKEN_LEDGER_SERVICE_PORT_HTTP": "8080",
        "TOKEN_LEDGER_PORT": "tcp://10.0.0.1:8080",
        "TOKEN_LEDGER_PORT_8080_TCP": "tcp://10.0.0.1:8080",
        "TOKEN_LEDGER_PORT_8080_TCP_PROTO": "tcp",
        "TOKEN_LEDGER_PORT_8080_TCP_PORT": "8080",
        "TOKEN_LEDGER_PORT_8080_TCP_ADDR": "10.0.0.1",
        "TOKEN_LEDGER_DB_SERVICE_HOST": "10.0.0.2",
        "TOKEN_LEDGER_DB_SERVICE_PORT": "5432",
        "TOKEN_LEDGER_DB_PORT": "tcp://10.0.0.2:5432",
        "TOKEN_LEDGER_DB_PORT_5432_TCP": "tcp://10.0.0.2:5432",
        "TOKEN_LEDGER_DB_PORT_53_UDP_ADDR": "10.0.0.2",
    ]

    @Test("what Kubernetes adds for a Service of our name stops nothing, and a slip still does")
    func kubernetes() async throws {
        let database = try await TestPostgres.freshDatabase()
        let owner = ["TOKEN_LEDGER_OWNER_DATABASE_URL": database.url]
        let added = Self.kubernetes.merging(owner) { $1 }
        #expect(try await run(["migrate"], added).status == 0)
        for (name, value) in [
            // Without its Service, each of them is a slip.
            ("TOKEN_LEDGER_HOTS", "x"), ("TOKEN_LEDGER_X_SERVICE_HOST", "10.0.0.3"),
            ("TOKEN_LEDGER_DB_PORT_5432", "x"), ("TOKEN_LEDGER_DB_PORT_5432_TCP_NAME", "x"),
            ("TOKEN_LEDGER_DB_URL", "x"), ("TOKEN_LEDGER_SERVICE", "x"),
        ] {
            let answer = try await run(["migrate"], added.merging([name: value]) { $1 })
            #expect(answer.status == 1, "\(name)")
            #expect(answer.messages.contains("The environment holds \(name)"), "\(name)")
        }
        // A pod's own variable wins over the Service's.
        let own = try await run(["serve"], added.merging(["TOKEN_LEDGER_PORT": "many"]) { $1 })
        #expect(own.status == 1)
        #expect(!own.messages.contains("TOKEN_LEDGER_PORT,"), "\(own.messages)")
        // What nobody added is refused.
        let alone = try await run(
            ["migrate"],
            owner.merging(["TOKEN_LEDGER_DB_PORT": "tcp://x"]) { $1 }
        )
        #expect(alone.messages.contains("The environment holds TOKEN_LEDGER_DB_PORT"))
    }

    @Test("a result that nobody takes, or that has no room, ends the program and crashes nothing")
    func unread() async throws {
        for (script, words) in [
            // Whoever starts it may have the signal ignored, as libraries that make connections do.
            ("trap '' PIPE; \"$0\" sbom | true; echo ${PIPESTATUS[0]}", "141"),
            ("\"$0\" sbom > /dev/full; echo $?", "1"),
        ] {
            let answer = try await TestProgram.run("/bin/bash", ["-c", script, TestProgram.path])
            #expect(answer.output == words + "\n", "\(answer.messages)")
            #expect(!answer.messages.contains("Fatal"), "\(answer.messages)")
        }
    }

    @Test("why the database cannot be reached is said, without what is secret")
    func unreachable() async throws {
        let url = try await TestPostgres.url()
        let cases = [
            (url.replacing("/postgres?", with: "/MARKER?"), "no such database"),
            ("postgresql://a:MARKER@127.0.0.1:1/x", "nobody listens there"),
            ("postgresql://a:MARKER@nowhere.invalid/x?sslmode=verify-full", "name is not known"),
            (url + "&MARKER=1", "a parameter that libpq does not know"),
            (url + "&target_session_attrs=MARKER", "impossible value"),
        ]
        for (url, words) in cases {
            for command in ["migrate", "verify"] {
                let answer = try await run([command], ["TOKEN_LEDGER_OWNER_DATABASE_URL": url])
                #expect(answer.status == 1)
                #expect(answer.messages.contains(words), "\(command) \(url): \(answer.messages)")
                #expect(!answer.messages.contains("MARKER"), "\(answer.messages)")
            }
        }
        try await withKey { key in
            // What only somebody can change is not waited for.
            let start = ContinuousClock.now
            let answer = try await run(
                ["serve"],
                ["TOKEN_LEDGER_DATABASE_URL": cases[0].0, "TOKEN_LEDGER_ROOT_KEY_FILE": key]
            )
            #expect(answer.status == 1)
            #expect(answer.messages.contains("no such database"), "\(answer.messages)")
            #expect(!answer.messages.contains("waiting"), "\(start.duration(to: .now))")
        }
    }

    @Test("a database on another host is known by its certificate, or nobody is in between")
    func network() async throws {
        let refusal = "does not say sslmode=verify-full"
        // An address that belongs to nobody.
        let url = "postgresql://a:MARKER@192.0.2.1/x?connect_timeout=2"
        try await withKey { key in
            for (command, name) in [
                (["serve"], "DATABASE_URL"), (["migrate"], "OWNER_DATABASE_URL"),
                (["app", "list"], "DATABASE_URL"), (["verify"], "OWNER_DATABASE_URL"),
            ] {
                let settings = [
                    "TOKEN_LEDGER_\(name)": url, "TOKEN_LEDGER_ROOT_KEY_FILE": key,
                ]
                let answer = try await run(command, settings)
                #expect(answer.status == 1)
                #expect(answer.messages.contains(refusal), "\(answer.messages)")
                #expect(!answer.messages.contains("MARKER"))
            }
        }
        for (suffix, trusts) in [("&sslmode=verify-full", "false"), ("", "true")] {
            let answer = try await run(
                ["migrate"],
                [
                    "TOKEN_LEDGER_OWNER_DATABASE_URL": url + suffix,
                    "TOKEN_LEDGER_TRUST_DATABASE_NETWORK": trusts,
                ]
            )
            #expect(answer.messages.contains("cannot be reached"), "\(answer.messages)")
        }
        // What the environment of libpq adds counts as well.
        let hidden = try await run(
            ["migrate"],
            ["TOKEN_LEDGER_OWNER_DATABASE_URL": "dbname=x", "PGHOST": "192.0.2.1"]
        )
        #expect(hidden.messages.contains(refusal), "\(hidden.messages)")
    }

    @Test("a role that may not do what a command needs is told so in words")
    func rights() async throws {
        let database = try await TestPostgres.freshDatabase()
        let owner = try await PostgresConnection.connect(PostgresConfiguration(url: database.url))
        let role = "stranger_\(UInt32.random(in: 0...UInt32.max))"
        try await owner.script("create role \(role) login")
        let url = database.url + "&user=\(role)"
        try await withKey { key in
            let settings = [
                "TOKEN_LEDGER_OWNER_DATABASE_URL": url, "TOKEN_LEDGER_DATABASE_URL": url,
                "TOKEN_LEDGER_ROOT_KEY_FILE": key, "TOKEN_LEDGER_CLIENT_SECRET": "s",
                "TOKEN_LEDGER_ACCEPT_UNSAFE_SERVER": "true",
            ]
            let migrated = try await run(
                ["migrate"],
                ["TOKEN_LEDGER_OWNER_DATABASE_URL": database.url]
            )
            #expect(migrated.status == 0, "\(migrated.messages)")
            let empty = try await TestPostgres.freshDatabase().url + "&user=\(role)"
            let migrate = try await run(["migrate"], ["TOKEN_LEDGER_OWNER_DATABASE_URL": empty])
            #expect(migrate.messages.contains("migrate needs the owner"), "\(migrate.messages)")
            for command in ["serve", "app list"] {
                let answer = try await run(command.split(separator: " ").map(String.init), settings)
                #expect(answer.status == 1)
                #expect(answer.messages.contains("may not use the ledger"), "\(answer.messages)")
            }
            try await owner.script("grant token_ledger_service to \(role)")
            let add = try await run(
                ["app", "add", "--client-id", "a", "--name", "A"],
                settings
            )
            #expect(add.messages.contains("the role of the connection string may not do this"))
            try await owner.script("alter role \(role) set role = token_ledger_service")
            let other = try await run(["serve"], settings)
            #expect(other.status == 1)
            #expect(other.messages.contains("works with another role"), "\(other.messages)")
        }
        await owner.close()
    }

    @Test("a server that may lose what was written is refused at the start, in words")
    func unsafeServer() async throws {
        let database = try await TestPostgres.freshDatabase()
        try await withKey { key in
            let settings = [
                "TOKEN_LEDGER_DATABASE_URL": database.url, "TOKEN_LEDGER_ROOT_KEY_FILE": key,
            ]
            let owner = ["TOKEN_LEDGER_OWNER_DATABASE_URL": database.url]
            _ = try await run(["migrate"], owner)
            let early = try await run(["serve", "--port", "0"], settings)
            #expect(early.status == 1)
            #expect(early.messages.contains("run token-ledger migrate with the root key"))
            let migrated = try await run(["migrate"], owner.merging(settings) { $1 })
            #expect(migrated.messages.contains("The deployment's own keys are made."))
            let answer = try await run(["serve", "--port", "0"], settings)
            #expect(answer.status == 1)
            for words in [
                "fsync is off", "full_page_writes is off",
                "rights that it must not have: superuser", "--accept-unsafe-server",
            ] {
                #expect(answer.messages.contains(words), "\(words): \(answer.messages)")
            }
            let wrong = try await run(
                ["serve", "--port", "0"],
                settings.merging(["TOKEN_LEDGER_ACCEPT_UNSAFE_SERVER": "perhaps"]) { $1 }
            )
            #expect(wrong.messages.contains("must be true or false"))
        }
    }

    @Test(
        "a public URL is an origin that somebody can call, or it is refused",
        arguments: [
            "https://x.example/ledger", "https://x.example/?a=b", "https://a:b@x.example",
            "ftp://x.example", "x.example", "https://", "https://0.0.0.0:8080", "http://[::]",
            "http://[0:0::0]:80", "https://x.example#y", "capacitor://localhost",
            "https://x.example:0", "https://x.example:65536", "https://bücher.example", "null",
            "https://0x0", "http://[::ffff:0.0.0.0]", "http://x.example", "http://10.0.0.1",
            "http://localhost.evil.com", "http://127.0.0.1.evil.com", "http://localhost@evil.com",
            "http://[::2]", "http://128.0.0.1:8080", "http://[2001:db8::1]",
        ]
    )
    func publicURL(url: String) async throws {
        try await withKey { key in
            let answer = try await run(
                ["serve", "--public-url", url],
                [
                    "TOKEN_LEDGER_DATABASE_URL": "host=/nowhere",
                    "TOKEN_LEDGER_ROOT_KEY_FILE": key,
                ]
            )
            #expect(answer.status == 1)
            #expect(
                answer.messages.contains("TOKEN_LEDGER_PUBLIC_URL is not"),
                "\(answer.messages)"
            )
        }
    }

    @Test("whoever listens in the clear for others must say where TLS is")
    func inTheClear() async throws {
        try await withKey { key in
            func words(_ flags: [String]) async throws -> String {
                try await run(
                    ["serve", "--tree-access", "never"] + flags,
                    [
                        "TOKEN_LEDGER_DATABASE_URL": "host=/nowhere",
                        "TOKEN_LEDGER_ROOT_KEY_FILE": key,
                    ]
                ).messages
            }
            for host in ["192.0.2.1", "x.example", "::2", "localhost.example"] {
                #expect(try await words(["--host", host]).contains("and without TLS"), "\(host)")
                let proxied = try await words(["--host", host, "--public-url", "https://x.example"])
                #expect(proxied.contains("tree access"), "\(host): \(proxied)")
            }
            for host in ["127.0.0.1", "::1", "localhost", "127.3.2.1"] {
                #expect(try await words(["--host", host]).contains("tree access"), "\(host)")
            }
            for url in ["http://localhost:8080", "http://127.0.0.1", "http://[::1]:3000"] {
                #expect(try await words(["--public-url", url]).contains("tree access"), "\(url)")
            }
        }
    }

    @Test(
        "whoever listens everywhere must say where",
        arguments: [
            "0.0.0.0", "::", "0::0", "0", "0x0", "0.0", "::ffff:0.0.0.0", "*",
        ]
    )
    func everywhere(host: String) async throws {
        try await withKey { key in
            let answer = try await run(
                ["serve", "--host", host],
                [
                    "TOKEN_LEDGER_DATABASE_URL": "host=/nowhere",
                    "TOKEN_LEDGER_ROOT_KEY_FILE": key,
                ]
            )
            #expect(answer.status == 1)
            #expect(answer.messages.contains("means every address"), "\(answer.messages)")
        }
    }

    @Test("a port that does not exist is refused", arguments: ["-1", "65536", "70000", "8080x"])
    func port(port: String) async throws {
        try await withKey { key in
            for command in ["serve", "sandbox"] {
                let answer = try await run(
                    [command],
                    [
                        "TOKEN_LEDGER_PORT": port, "TOKEN_LEDGER_ROOT_KEY_FILE": key,
                        "TOKEN_LEDGER_DATABASE_URL": "host=/nowhere",
                    ]
                )
                #expect(answer.status == 1)
                #expect(
                    answer.messages.contains("must be a number from 0 to 65535"),
                    "\(answer.messages)"
                )
            }
        }
    }

    @Test("an app's origins are kept as browsers send them, and what never matches is refused")
    func origins() async throws {
        let database = try await TestPostgres.freshDatabase()
        _ = try await run(["migrate"], ["TOKEN_LEDGER_OWNER_DATABASE_URL": database.url])
        let spellings = [
            ("https://x.example:443", "https://x.example"),
            ("HTTP://X.example:80/", "http://x.example"),
            ("https://x.example:8443/", "https://x.example:8443"),
            ("http://localhost:080", "http://localhost"),
            ("http://[0:0::1]:3000", "http://[::1]:3000"),
            ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
            ("http://127.0.0.1:5173", "http://127.0.0.1:5173"),
            ("http://x.example:443", "http://x.example:443"),
            ("capacitor://localhost", "capacitor://localhost"),
            ("ionic://localhost", "ionic://localhost"),
            ("http://localhost", "http://localhost"), ("App://example.app", "app://example.app"),
            ("chrome-extension://abcdefgh", "chrome-extension://abcdefgh"),
        ]
        let add = ["app", "add", "--client-id", "a", "--name", "A"]
        try await withKey { key in
            let settings = [
                "TOKEN_LEDGER_OWNER_DATABASE_URL": database.url,
                "TOKEN_LEDGER_DATABASE_URL": database.url,
                "TOKEN_LEDGER_ROOT_KEY_FILE": key, "TOKEN_LEDGER_CLIENT_SECRET": "s",
            ]
            let added = try await run(add + spellings.flatMap { ["--origin", $0.0] }, settings)
            #expect(added.status == 0, "\(added.messages)")
            let list = try await run(["app", "list", "--json"], settings)
            let json = try JSONParser.parse(Array(list.output.utf8.dropLast()), depthMax: 8)
            guard case .array(let apps) = json, let stored = apps.first?["allowed_origins"],
                case .array(let origins) = stored
            else {
                Issue.record("\(list.output)")
                return
            }
            #expect(origins.compactMap(\.text) == spellings.map(\.1))
        }
        for wrong in [
            "null", "*", "https://*.example", "https://x.example/path", "https://x.example?x",
            "https://x.example#x", "https://a@x.example", "x.example", "//x.example", "https://",
            "https://bücher.example", "file://", "file:///x", "data://x", "wss://x.example",
            "https://x.example:", "https://x.example:99999", "http://127.1", "http://0177.0.0.1",
            "http://0x7f000001", "http://127.0.0.0x1", "http://x.0X",
            "http://[::1", "http://[1::2::3]", "https://x..example", "https://x example", "",
        ] {
            let answer = try await run(add + ["--origin", wrong])
            #expect(answer.status == 64, "\(wrong)")
            #expect(answer.messages.contains("is no web origin"), "\(wrong): \(answer.messages)")
        }
    }

    /// Lends the file of a root key.
    private func withKey(_ body: (_ path: String) async throws -> Void) async throws {
        try await TestProgramFolder.lend { folder in
            let path = folder.path + "/root.key"
            try #require(
                FileManager.default.createFile(
                    atPath: path,
                    contents: Data(String(repeating: "5a", count: 32).utf8),
                    attributes: [.posixPermissions: 0o600]
                )
            )
            try await body(path)
        }
    }
}
