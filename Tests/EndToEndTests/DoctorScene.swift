import Foundation
import Postgres
import TestSupport
import Testing
import Wire

/// A ledger at which nothing is wrong, on a PostgreSQL of its own, and what `doctor` says of it.
struct DoctorScene {
    /// What one run of it said.
    struct Report {
        let status: Int32
        let document: JSONValue
        let text: String

        /// `code severity` of each finding, in order.
        var findings: [String] {
            checks.flatMap { $0["findings"]?.list ?? [] }.map {
                "\($0["code"]?.text ?? "") \($0["severity"]?.text ?? "")"
            }
        }

        var checks: [JSONValue] { document["checks"]?.list ?? [] }

        /// The names of the checks that could not be made, or not wholly.
        var gaps: [String] {
            checks.filter { $0["gap"]?.text != nil }.compactMap { $0["name"]?.text }
        }

        /// What was seen of something.
        func fact(_ name: String) -> String? {
            checks.flatMap { $0["facts"]?.list ?? [] }
                .first { $0["name"]?.text == name }?["value"]?.text
        }
    }

    static let role = "doctor_service"

    let setup: TestServe.Setup
    let cluster: TestCluster
    /// With all rights.
    let owner: PostgresConnection
    let folder: String

    /// Prepares it, lets the service work until everything is covered, ends that and lends the rest.
    static func run(_ body: (DoctorScene) async throws -> Void) async throws {
        try await TestProgramFolder.lend { folder in
            try await TestCluster.run(durable: true) { cluster in
                try await StubProvider.run(.hang) { _, provider in
                    let url = try await cluster.url()
                    let prepared = try await TestServe.prepare(
                        in: folder,
                        owner: url,
                        provider: provider
                    )
                    let owner = try await PostgresConnection.connect(
                        PostgresConfiguration(url: url)
                    )
                    try await owner.script(
                        "create role \(role) login in role token_ledger_service"
                    )
                    let setup = prepared.with([
                        "TOKEN_LEDGER_DATABASE_URL": try await cluster.url(user: role),
                        "TOKEN_LEDGER_ACCEPT_UNSAFE_SERVER": "",
                        "TOKEN_LEDGER_CHECKPOINT_FOLDER": folder.path + "/checkpoints",
                        "TOKEN_LEDGER_ERASURE_FOLDER": folder.path + "/erasures",
                    ])
                    let scene = DoctorScene(
                        setup: setup,
                        cluster: cluster,
                        owner: owner,
                        folder: folder.path
                    )
                    try await scene.work()
                    try await body(scene)
                    await owner.close()
                }
            }
        }
    }

    /// Launches somebody, and waits until checkpoints cover it here and in the folder.
    private func work() async throws {
        try await TestServe.run(setup) { serve in
            #expect(try await serve.launch("alice").status == 201)
            while try await !isCovered() { try await Task.sleep(for: .milliseconds(50)) }
        }
    }

    private func isCovered() async throws -> Bool {
        try await owner.query(
            Statement(
                "is_covered",
                """
                select count(*) = 2 from ledger.log l
                join ledger.checkpoint c on c.log_id = l.log_id and c.size = l.size
                """
            )
        ) { result throws(PostgresError) in try result.bool(0, 0) }
            && FileManager.default.fileExists(atPath: folder + "/checkpoints/checkpoint-1")
    }

    /// Runs it with these settings on top of the others; one that is empty counts as not set.
    func examine(
        _ others: [String: String] = [:],
        _ flags: [String] = []
    ) async throws -> Report {
        let answer = try await TestProgram.run(
            TestProgram.path,
            ["doctor", "--json"] + flags,
            environment: setup.with(others).settings
        )
        return Report(
            status: answer.status,
            document: try JSONParser.parse(Array(answer.output.utf8.dropLast()), depthMax: 8),
            text: answer.output + answer.messages
        )
    }

    /// Runs a script of SQL, even on what is protected against it.
    func damage(_ sql: String) async throws {
        let tables = ["ledger.event", "ledger.log", "ledger.checkpoint", "ledger.tile"]
        let alter = tables.map { "alter table \($0) disable trigger all" }.joined(separator: ";")
        try await owner.script("\(alter); \(sql)")
        try await protect()
    }

    /// Brings all triggers of the ledger into their mode.
    func protect() async throws {
        try await owner.script(
            """
            do $$
            declare t record;
            begin
                for t in select tgrelid::regclass as name, tgname from pg_trigger
                    where tgrelid::regclass::text like 'ledger.%' and not tgisinternal
                loop
                    execute format('alter table %s enable always trigger %I', t.name, t.tgname);
                end loop;
            end $$
            """
        )
    }

    /// Changes a setting of the server, and waits until new sessions have it.
    func set(_ name: String, _ value: String) async throws {
        try await owner.script("alter system set \(name) = \(value)")
        try await owner.script("select pg_reload_conf()")
        let url = try await cluster.url()
        while true {
            let session = try await PostgresConnection.connect(PostgresConfiguration(url: url))
            let found = try await session.query(
                Statement("setting", "select current_setting($1)", .text(name))
            ) { result throws(PostgresError) in try result.text(0, 0) }
            await session.close()
            if found == value { return }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Runs a command of the program as the owner.
    func command(_ arguments: [String], _ others: [String: String] = [:]) async throws -> String {
        try await TestProgram.output(of: arguments, environment: setup.with(others).settings)
    }

    /// A new file with a secret or whatever else.
    func file(_ name: String, _ text: String, mode: Int = 0o600) throws -> String {
        let path = "\(folder)/\(name)"
        _ = FileManager.default.createFile(
            atPath: path,
            contents: Data(text.utf8),
            attributes: [.posixPermissions: mode]
        )
        return path
    }
}

extension JSONValue {
    fileprivate var list: [JSONValue]? {
        guard case .array(let values) = self else { return nil }
        return values
    }
}
