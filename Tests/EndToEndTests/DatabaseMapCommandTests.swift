import Foundation
import TestSupport
import Testing
import Wire

/// A deployment of several databases, by the program alone: one of them on a server of its own.
@Suite("several databases", .timeLimit(.minutes(5)))
struct DatabaseMapCommandTests {
    /// What a command is told of the databases, and where a service keeps its files.
    private struct Place {
        let settings: [String: String]
        let setup: TestServe.Setup

        func run(
            _ arguments: [String],
            _ others: [String: String] = [:]
        ) async throws -> TestProgram.Answer {
            try await TestProgram.run(
                TestProgram.path,
                arguments,
                environment: settings.merging(others) { $1 }
            )
        }

        func succeed(_ arguments: [String]) async throws -> String {
            let answer = try await run(arguments)
            #expect(answer.status == 0, "\(arguments): \(answer.output) \(answer.messages)")
            return answer.output + answer.messages
        }
    }

    private static func map(_ parts: [(first: Int, last: Int, url: String)]) -> String {
        let entries = parts.map {
            "{\"firstPair\": \($0.first), \"lastPair\": \($0.last), \"url\": \"\($0.url)\"}"
        }
        return "{\"databases\": [\(entries.joined(separator: ", "))]}"
    }

    /// Pairs 0 and 1 in a database of the shared server, pair 2 on a cluster of the test's own.
    private func lend(_ body: (Place, TestCluster) async throws -> Void) async throws {
        let first = try await TestPostgres.freshDatabase().url
        try await TestCluster.run { cluster in
            let map = Self.map([(0, 1, first), (2, 2, try await cluster.url())])
            try await TestProgramFolder.lend { folder in
                let setup = try await TestServe.prepare(
                    in: folder,
                    owner: "",
                    settings: [
                        "TOKEN_LEDGER_OWNER_DATABASE_MAP": map, "TOKEN_LEDGER_DATABASE_MAP": map,
                    ]
                )
                try await body(Place(settings: setup.settings, setup: setup), cluster)
            }
        }
    }

    /// Users until each pair has some, by their pair.
    private static func launch(_ service: TestServe, _ word: String) async throws {
        for number in 0..<24 {
            let answer = try await service.launch("\(word)-\(number)@example.com")
            #expect(answer.status == 201)
        }
    }

    @Test("whoever calls notices nothing, and all that operators do is done in each database")
    func story() async throws {
        try await lend { place, _ in
            try await TestServe.run(place.setup) { service in
                try await Self.launch(service, "user")
                let list = try await service.get("/v1/users?limit=100")
                let users = try JSONParser.parse(Array(list.text.utf8), depthMax: 16)["users"]
                guard case .array(let entries)? = users else {
                    Issue.record("\(list.text)")
                    return
                }
                #expect(entries.count == 24)
                #expect(try await service.readiness().status == 200)
                let verdict = try await place.succeed(["verify"])
                for log in ["facts", "facts-1", "facts-2", "map", "map-1", "map-2"] {
                    #expect(verdict.contains("Log \(log): "), "\(verdict)")
                }
                #expect(verdict.contains("24 users checked: everything fits"), "\(verdict)")
                let rebuilt = try await place.succeed(["projection", "rebuild"])
                #expect(rebuilt.contains("24 users rebuilt, 0 rows were different"))
                // It finds that the tests' servers may lose what was written.
                let report = try await place.run(["doctor"]).output
                for name in ["database of pairs 0 to 1", "database of pair 2"] {
                    #expect(report.contains("\n\(name)\n"), "\(report)")
                }
                #expect(!report.contains("app_copies_differ"), "\(report)")
            }
            _ = try await place.succeed(["migrate"])
            let more = try await place.run(["migrate", "--fact-logs", "4"])
            #expect(more.status == 1)
            #expect(more.messages.contains("The map names 3 pairs of logs"), "\(more.messages)")
            _ = try await place.succeed(["user", "list"])
            _ = try await place.succeed(["map", "root"])
            _ = try await place.succeed(["checkpoint", "repair"])
            let keys = try await place.succeed(["root-key", "list", "--json"])
            #expect(keys.contains("\"users\":24"), "\(keys)")
        }
    }

    @Test("while one database is away the others' users go on, and it is said which one is away")
    func away() async throws {
        try await lend { place, cluster in
            try await TestServe.run(place.setup) { service in
                try await Self.launch(service, "user")
                try await cluster.crash()
                var statuses: Set<Int> = []
                for number in 0..<24 {
                    statuses.insert(try await service.launch("user-\(number)@example.com").status)
                }
                #expect(statuses == [201, 503])
                // Longer than a checkpoint may be missing: the copy must not be taken from the others' users.
                let away = ContinuousClock.now
                while away.duration(to: .now) < .seconds(40) {
                    let readiness = try await service.readiness()
                    #expect(readiness.status == 200, "\(readiness.text)")
                    let told = "In the database of pair 2: The database does not answer."
                    #expect(readiness.text.contains(told), "\(readiness.text)")
                    try await Task.sleep(for: .seconds(2))
                }
                let doctor = try await place.run(["doctor"])
                #expect(doctor.status != 0)
                #expect(doctor.output.contains("database of pair 2"), "\(doctor.output)")
                let verify = try await place.run(["verify"])
                #expect(verify.status == 1)
                #expect(verify.messages.contains("that of pair 2: "), "\(verify.messages)")
                _ = try await cluster.start()
                while try await service.readiness().text.contains("does not answer") {
                    try await Task.sleep(for: .milliseconds(100))
                }
                try await Self.launch(service, "later")
            }
            let verdict = try await place.succeed(["verify"])
            #expect(verdict.contains("everything fits"), "\(verdict)")
        }
    }

    @Test("a map that cannot be is refused in words, without what is secret")
    func refused() async throws {
        let url = "postgresql://owner:MARKER@127.0.0.1:1/x"
        let form = "has the form {\"databases\": [{\"firstPair\": 0"
        let cases = [
            ("MARKER", form), ("{\"MARKER\": []}", form), ("[]", form),
            (
                "{\"databases\": [{\"firstPair\": 0, \"lastPair\": \"MARKER\", \"url\": \"x\"}]}",
                form
            ),
            (Self.map([]), "it names no database"),
            (Self.map([(0, 0, url), (2, 2, url)]), "no database has the pairs just before 2"),
            (Self.map([(0, 3, url), (3, 4, url)]), "two databases have pair 3"),
            (Self.map([(0, 600, url)]), "pairs 0 to 600 cannot be"),
            (Self.map([(0, 0, url), (1, 1, url)]), "that of pair 0: "),
        ]
        for (map, words) in cases {
            let answer = try await TestProgram.run(
                TestProgram.path,
                ["migrate"],
                environment: ["TOKEN_LEDGER_OWNER_DATABASE_MAP": map]
            )
            #expect(answer.status == 1)
            #expect(answer.messages.contains(words), "\(map): \(answer.messages)")
            #expect(!answer.messages.contains("MARKER"), "\(answer.messages)")
        }
        let both = try await TestProgram.run(
            TestProgram.path,
            ["migrate"],
            environment: [
                "TOKEN_LEDGER_OWNER_DATABASE_MAP": Self.map([(0, 0, url)]),
                "TOKEN_LEDGER_OWNER_DATABASE_URL": url,
            ]
        )
        #expect(both.messages.contains("are set; one is needed"), "\(both.messages)")
    }

    @Test("a database that has some of the pairs is not opened as if it had all")
    func part() async throws {
        try await lend { place, cluster in
            let url = try await cluster.url()
            let alone = ["TOKEN_LEDGER_DATABASE_MAP": "", "TOKEN_LEDGER_DATABASE_URL": url]
            let answer = try await place.run(["user", "list"], alone)
            #expect(answer.status == 1)
            #expect(answer.messages.contains("holds pair 2 of 3"), "\(answer.messages)")
            #expect(answer.messages.contains("TOKEN_LEDGER_DATABASE_MAP"), "\(answer.messages)")
        }
    }
}
