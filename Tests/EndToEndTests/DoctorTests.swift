import Foundation
import Postgres
import TestSupport
import Testing

@Suite("The doctor", .timeLimit(.minutes(5)))
struct DoctorTests {
    /// Something that is wrong, and what must be found of it.
    private struct Case {
        let name: String
        /// `code severity`; what else is found with it is no matter of this test.
        let finding: String
        var others: [String: String] = [:]
        var flags: [String] = []
        var damage: String?
        var repair: String?

        init(
            _ name: String,
            _ finding: String,
            _ others: [String: String] = [:],
            flags: [String] = [],
            damage: String? = nil,
            repair: String? = nil
        ) {
            self.name = name
            self.finding = finding
            self.others = others
            self.flags = flags
            self.damage = damage
            self.repair = repair
        }
    }

    /// Provokes each, sees that it is found, mends it, and sees in the end that all is well again.
    private func provoke(_ cases: [Case], _ scene: DoctorScene) async throws {
        for one in cases {
            if let damage = one.damage { try await scene.damage(damage) }
            let report = try await scene.examine(one.others, one.flags)
            #expect(report.findings.contains(one.finding), "\(one.name): \(report.text)")
            let isBlocking = report.findings.contains { $0.hasSuffix(" blocking") }
            #expect(report.status == (isBlocking ? 6 : 0), "\(one.name)")
            if let repair = one.repair { try await scene.damage(repair) }
        }
        let after = try await scene.examine()
        #expect(after.findings == [], "\(after.text)")
    }

    @Test("finds nothing where nothing is wrong, changes nothing, and shows no secret")
    func healthy() async throws {
        try await DoctorScene.run { scene in
            let url = try await scene.cluster.url()
            let data = try await PostgresTools.data(url)
            let files = try FileManager.default.subpathsOfDirectory(atPath: scene.folder).sorted()
            let report = try await scene.examine(["TOKEN_LEDGER_KEY_RATE": "77"], ["--port", "1"])
            #expect(report.status == 0 && report.findings == [] && report.gaps == [])
            #expect(report.fact("TOKEN_LEDGER_KEY_RATE") == "77 (environment)")
            #expect(report.fact("TOKEN_LEDGER_PORT") == "1 (flag)")
            #expect(report.fact("TOKEN_LEDGER_HOST") == "127.0.0.1 (default)")
            #expect(report.fact("TOKEN_LEDGER_DATABASE_URL") == "set, not shown (environment)")
            #expect(report.fact("role") == DoctorScene.role)
            #expect(report.fact("member of") == "token_ledger_service")
            let current = try #require(report.fact("current"))
            // A user, an app and three of the deployment's own.
            #expect(
                report.fact("root key \(current)")
                    == "current, wraps 5 of 5 keys (100.0 %), in use for 0 days"
            )
            #expect(report.fact("log of facts")?.hasPrefix("3 records, covers 3, ") == true)
            for secret in [String(repeating: "5a", count: 32), "postgresql://"] {
                #expect(!report.text.contains(secret))
            }
            #expect(try await PostgresTools.data(url) == data)
            #expect(
                try FileManager.default.subpathsOfDirectory(atPath: scene.folder).sorted() == files
            )
            try await beside(scene)
        }
    }

    /// The same while the service runs, from a file and in words.
    private func beside(_ scene: DoctorScene) async throws {
        let file = try scene.file(
            "settings.json",
            #"{"keyRate": 88, "port": 0, "acceptUnsafeServer": true}"#
        )
        try await TestServe.run(scene.setup) { serve in
            #expect(try await serve.launch("bob").status == 201)
            let report = try await scene.examine([
                "TOKEN_LEDGER_CONFIG_FILE": file, "TOKEN_LEDGER_PORT": "",
                "TOKEN_LEDGER_ACCEPT_UNSAFE_SERVER": "",
            ])
            #expect(report.findings == [] && report.gaps == [], "\(report.text)")
            #expect(report.fact("TOKEN_LEDGER_KEY_RATE") == "88 (file)")
            #expect(report.fact("TOKEN_LEDGER_PORT") == "0 (file)")
            #expect(report.fact("TOKEN_LEDGER_ACCEPT_UNSAFE_SERVER") == "true (file)")
            let text = try await scene.command(["doctor"])
            #expect(text.contains("root key\n") && text.contains("100.0 %"))
        }
    }

    @Test("says which setting is wrong, and looks at all the rest")
    func settings() async throws {
        try await DoctorScene.run { scene in
            let wrong = try scene.file("wrong.json", #"{"hots": "x"}"#)
            let number = try scene.file("number.json", #"{"spoolFolder": 5}"#)
            let fraction = try scene.file("fraction.json", #"{"keyRate": 0.5}"#)
            let list = try scene.file("list.json", #"{"acceptUnsafeServer": ["true"]}"#)
            let open = try scene.file("open.key", String(repeating: "5a", count: 32), mode: 0o644)
            let unusable = "setting_unusable blocking"
            try await provoke(
                [
                    Case("port", unusable, ["TOKEN_LEDGER_PORT": "70000"]),
                    Case("slip", unusable, ["TOKEN_LEDGER_HOTS": "x"]),
                    Case("file", unusable, ["TOKEN_LEDGER_CONFIG_FILE": "/nowhere"]),
                    Case("slip in the file", unusable, ["TOKEN_LEDGER_CONFIG_FILE": wrong]),
                    Case("a number for a text", unusable, ["TOKEN_LEDGER_CONFIG_FILE": number]),
                    Case("a fraction", unusable, ["TOKEN_LEDGER_CONFIG_FILE": fraction]),
                    Case("a list", unusable, ["TOKEN_LEDGER_CONFIG_FILE": list]),
                    Case("metrics", unusable, ["TOKEN_LEDGER_METRICS_ADDRESS": "localhost:99999"]),
                    Case("tree", unusable, flags: ["--tree-access", "maybe"]),
                    Case("console", unusable, ["TOKEN_LEDGER_CONSOLE": "maybe"]),
                    Case("level", unusable, ["TOKEN_LEDGER_LOG_LEVEL": "loud"]),
                    Case("rate", unusable, ["TOKEN_LEDGER_KEY_RATE": "many"]),
                    Case("flag", unusable, ["TOKEN_LEDGER_ACCEPT_UNSAFE_SERVER": "perhaps"]),
                    Case("everywhere", unusable, ["TOKEN_LEDGER_HOST": "0.0.0.0"]),
                    Case("half a pair", unusable, ["TOKEN_LEDGER_TLS_KEY_FILE": open]),
                    Case(
                        "no database",
                        "database_setting_unusable blocking",
                        ["TOKEN_LEDGER_DATABASE_URL": ""]
                    ),
                    Case(
                        "an open network",
                        "database_setting_unusable blocking",
                        ["TOKEN_LEDGER_DATABASE_URL": "postgresql://x@192.0.2.1/x"]
                    ),
                    Case(
                        "no key",
                        "root_key_unusable blocking",
                        ["TOKEN_LEDGER_ROOT_KEY_FILE": "/nowhere"]
                    ),
                    Case(
                        "an open key",
                        "root_key_unusable blocking",
                        ["TOKEN_LEDGER_ROOT_KEY_FILE": open]
                    ),
                    Case(
                        "nobody there",
                        "database_unavailable blocking",
                        ["TOKEN_LEDGER_DATABASE_URL": "postgresql://x:MARKER@127.0.0.1:1/x"]
                    ),
                ],
                scene
            )
            let several = try await scene.examine([
                "TOKEN_LEDGER_PORT": "x", "TOKEN_LEDGER_KEY_RATE": "x",
                "TOKEN_LEDGER_DATABASE_URL": "postgresql://x:MARKER@127.0.0.1:1/x",
            ])
            #expect(several.findings.count == 3, "\(several.text)")
            #expect(!several.text.contains("MARKER"))
            #expect(several.gaps.contains("checkpoints") && !several.gaps.contains("settings"))
        }
    }

    @Test("finds what is wrong with the server, the role, the schema and the clock")
    func database() async throws {
        try await DoctorScene.run { scene in
            let role = DoctorScene.role
            try await provoke(
                [
                    Case(
                        "commits",
                        "synchronous_commit_off blocking",
                        damage: "alter role \(role) set synchronous_commit = off",
                        repair: "alter role \(role) reset synchronous_commit"
                    ),
                    Case(
                        "parameters",
                        "parameters_logged warning",
                        damage: "alter role \(role) set log_min_duration_statement = 0; "
                            + "alter role \(role) set log_parameter_max_length = -1",
                        repair: "alter role \(role) reset all"
                    ),
                    Case(
                        "connections",
                        "connections_scarce warning",
                        damage: "alter role \(role) connection limit 5",
                        repair: "alter role \(role) connection limit -1"
                    ),
                    Case(
                        "too many rights",
                        "too_many_rights blocking",
                        damage: "grant insert on ledger.event to \(role)",
                        repair: "revoke insert on ledger.event from \(role)"
                    ),
                    Case(
                        "rights",
                        "rights_missing blocking",
                        damage: "revoke execute on function ledger.find_tokens "
                            + "from token_ledger_service",
                        repair: "grant execute on function ledger.find_tokens "
                            + "to token_ledger_service"
                    ),
                ],
                scene
            )
            try await schema(scene)
            try await triggers(scene)
            for name in ["fsync", "full_page_writes"] {
                try await scene.set(name, "off")
                #expect(try await scene.examine().findings == ["\(name)_off blocking"])
                try await scene.set(name, "on")
            }
        }
    }

    /// A schema of another time, none, and a clock that is wrong.
    private func schema(_ scene: DoctorScene) async throws {
        let other = try await scene.cluster.url(database: "template1", user: DoctorScene.role)
        try await provoke(
            [
                Case(
                    "no schema",
                    "schema_missing blocking",
                    ["TOKEN_LEDGER_DATABASE_URL": other]
                ),
                Case(
                    "newer",
                    "schema_superseded blocking",
                    damage: "insert into ledger.migration (number, name) values (999, 'x')",
                    repair: "delete from ledger.migration where number = 999"
                ),
                Case(
                    "older",
                    "schema_outdated blocking",
                    damage: "update ledger.migration set number = -number where number > 30",
                    repair: "update ledger.migration set number = -number where number < 0"
                ),
                Case(
                    "a clock",
                    "clocks_differ blocking",
                    damage: Self.clock(ahead: "1 hour"),
                    repair: Self.clockRepair
                ),
                Case(
                    "a clock that is a little wrong",
                    "clocks_differ warning",
                    damage: Self.clock(ahead: "-20 seconds"),
                    repair: Self.clockRepair
                ),
            ],
            scene
        )
    }

    /// A trigger that is off; accepted, it is a warning.
    private func triggers(_ scene: DoctorScene) async throws {
        try await scene.owner.script("alter table ledger.event disable trigger event_is_immutable")
        let found = try await scene.examine()
        #expect(found.findings == ["triggers_lost blocking"] && found.status == 6)
        let accepted = try await scene.examine([:], ["--accept-unsafe-server"])
        #expect(accepted.findings == ["triggers_lost warning"] && accepted.status == 0)
        #expect(accepted.fact("TOKEN_LEDGER_ACCEPT_UNSAFE_SERVER") == "true (flag)")
        try await scene.protect()
    }

    /// The server's function gives way to one that is wrong, in this database alone.
    private static func clock(ahead: String) -> String {
        """
        set allow_system_table_mods = on;
        alter function pg_catalog.clock_timestamp() rename to right_clock_timestamp;
        create function pg_catalog.clock_timestamp() returns timestamptz language sql
            as $$ select pg_catalog.right_clock_timestamp() + interval '\(ahead)' $$
        """
    }

    private static let clockRepair = """
        drop function pg_catalog.clock_timestamp();
        alter function pg_catalog.right_clock_timestamp() rename to clock_timestamp
        """
}
