import Foundation
import HumanConnectSandbox
import Ledger
import NIOHTTP1
import Postgres
import TestSupport
import Testing
import Wire

/// A value of the caller's in every place of every documented operation, looked for afterwards in
/// all that is written.
@Suite(.oneServiceAtATime, .timeLimit(.minutes(10)))
struct RouteMarkerTests {
    /// How every value begins that must be found nowhere.
    private static let marker = "mRkQ7x"
    /// PostgreSQL as talkative as it can be made.
    private static let talkative = [
        "log_statement": "all", "log_min_messages": "debug1", "log_min_error_statement": "debug1",
        "log_min_duration_statement": "0", "log_parameter_max_length": "-1",
        "log_parameter_max_length_on_error": "-1", "log_error_verbosity": "verbose",
        "track_activity_query_size": "65536",
    ]

    /// A request with a marker in one place.
    private struct Probe {
        let method: HTTPMethod
        var path: String
        var query: [String] = []
        var headers: [String: String] = [:]
        var body: String?

        var target: String {
            query.isEmpty ? path : path + "?" + query.joined(separator: "&")
        }
    }

    @Test("no value of a caller is in an error, a log, a view, a record or a file of the database")
    func everywhere() async throws {
        try await TestCluster.run(settings: Self.talkative) { cluster in
            try await TestService.run(on: cluster) { service in
                let document = try await service.call(.GET, "/openapi.yaml", key: nil).text
                let operations = try DocumentedOperation.all(in: document)
                #expect(operations.count > 25)
                let tokens = try await connect(service)
                for operation in operations { try await probe(operation, service) }
                try await paste(tokens, service)
                try await look(into: service, for: tokens)
                try await cluster.stop()
                // What fails because the database is away says no more.
                for operation in operations { try await probe(operation, service) }
                try expectNothing(tokens, in: service.logs.lines.joined(separator: "\n"), "log")
                try expectNothing(tokens, in: await service.metrics, "metrics")
                try await look(intoFilesOf: cluster, for: tokens)
            }
        }
    }

    /// Pastes values into the console's box.
    private func paste(_ values: [String], _ service: TestService) async throws {
        let visitor = try await TestVisitor(service, key: service.key)
        for value in values + [Self.marker + "-user", Self.marker + "+"] {
            let answer = try await visitor.find(value)
            #expect([303, 404].contains(answer.status))
        }
    }

    /// Connects a user twice, and gives what the provider handed out for it.
    private func connect(_ service: TestService) async throws -> [String] {
        let user = Self.marker + "-user"
        try await service.connect(user)
        let tokens = try await service.tokens(user)
        let values = ["human_id", "access_token", "public_token"].compactMap { tokens[$0] }
        #expect(values.count == 3)
        return [Self.marker, service.key, TestSandbox.ownApp.clientSecret.exposed] + values
    }

    /// Calls an operation with a marker in each place, with a key, without one, and as a known user.
    private func probe(
        _ operation: DocumentedOperation,
        _ service: TestService
    ) async throws {
        for probe in probes(of: operation) {
            for key in [service.key, nil] {
                let answer = try await service.call(
                    probe.method,
                    probe.target,
                    key: probe.headers["Authorization"] == nil ? key : nil,
                    headers: probe.headers,
                    body: probe.body.map { Array($0.utf8) }
                )
                #expect(answer.status != 500, "\(operation) \(probe)")
                guard answer.status >= 400 else { continue }
                let text = answer.text + answer.headers.description
                try expectNothing([Self.marker, service.key], in: text, "\(operation) \(probe)")
            }
        }
    }

    private func probes(of operation: DocumentedOperation) -> [Probe] {
        var number = 0
        func next() -> String {
            number += 1
            return "\(Self.marker)-\(operation.path.utf8.count)-\(number)"
        }
        var plain = Probe(method: HTTPMethod(rawValue: operation.method), path: filled(operation))
        if operation.isEndless { plain.query.append("follow=false") }
        var probes: [Probe] = []
        for name in operation.path.matches(of: /\{[a-z_]+\}|\*\*/).map({ String($0.0) }) {
            probes.append(
                Probe(
                    method: plain.method,
                    path: filled(operation, name, with: next()),
                    query: plain.query
                )
            )
        }
        for name in operation.queryNames + [next()] {
            for value in [next(), next() + "%00", "%FF" + next()] {
                var probe = plain
                if name == "follow" { probe.query = [] }
                probe.query.append("\(name)=\(value)")
                probes.append(probe)
            }
        }
        for name in operation.headerNames + [
            "Authorization", "Origin", "traceparent", "X-Request-Id", "User-Agent", "Accept",
            "Accept-Encoding", "Content-Type", "Cookie", "X-Forwarded-For", next(),
        ] {
            var probe = plain
            probe.headers[name] = name == "Authorization" ? "Bearer " + next() : next()
            probes.append(probe)
        }
        for body in operation.bodyNames.map({ #"{"\#($0)":"\#(next())"}"# }) + [
            #"{"\#(next())":1}"#, #"{"client_user_id":{"\#(next())":[]}}"#, next(), "\"\(next())",
        ] where plain.method == .POST {
            var probe = plain
            probe.headers["Content-Type"] = "application/json"
            probe.body = body
            probes.append(probe)
        }
        var further = plain
        further.path += "/" + next()
        return probes + [further]
    }

    /// The path, with something that may be there in each place but one.
    private func filled(
        _ operation: DocumentedOperation,
        _ place: String = "",
        with value: String = ""
    ) -> String {
        let usual = [
            "{client_user_id}": Self.marker + "-user", "{launch_id}": UUID().uuidString,
            "{launch_token}": Self.marker + "-token", "{position}": "0", "{log_id}": "1",
            "**": "0/000",
        ]
        var path = operation.path
        if !place.isEmpty { path = path.replacing(place, with: value) }
        for (name, value) in usual { path = path.replacing(name, with: value) }
        return path
    }

    private func expectNothing(_ values: [String], in text: String, _ note: String) throws {
        let lower = text.lowercased()
        for value in values {
            let isThere = text.contains(value) || lower.contains(Hexadecimal.encode(value.utf8))
            #expect(!isThere, "\(note): \(value)")
        }
    }

    private func look(into service: TestService, for values: [String]) async throws {
        let owner = try await PostgresConnection.connect(service.owner)
        let statement = Statement(
            "views",
            """
            select string_agg(concat_ws(' ', query, application_name, wait_event), ' ')
            from pg_stat_activity
            """
        )
        let views = try await owner.query(statement) { (result) throws(PostgresError) in
            try result.text(0, 0)
        }
        await owner.close()
        // Some statement of ours; which was the last of each session is chance.
        #expect(views.contains("ledger.") || views.contains("vault."))
        try expectNothing(values, in: views, "pg_stat_activity")
        let dump = try await PostgresTools.data(service.owner.url)
        #expect(dump.contains(TestSandbox.ownApp.clientID))
        try expectNothing(values, in: dump, "dump")
        for path in [
            "/v1/export", "/v1/export?log=access", "/v1/export?format=csv", "/v1/events?limit=500",
            "/v1/events?log=access&limit=500", "/checkpoint", "/readyz",
        ] {
            let answer = try await service.get(path)
            #expect(answer.status == 200, "\(path)")
            try expectNothing(values, in: answer.text, path)
        }
        #expect(service.logs.lines.count > 300)
    }

    private func look(intoFilesOf cluster: TestCluster, for values: [String]) async throws {
        let log = try await cluster.logPath()
        let folder = String(log.dropLast("/server.log".count))
        // The search finds what may be seen in each of the places.
        let visible = try await PostgresTools.files(
            under: folder,
            holding: [TestSandbox.ownApp.clientID]
        )
        #expect(visible.contains(log), "the server's log shows parameters")
        #expect(visible.contains { $0.contains("/pg_wal/") })
        #expect(visible.contains { $0.contains("/base/") })
        #expect(try await PostgresTools.files(under: folder, holding: values) == [])
    }
}
