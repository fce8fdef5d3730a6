import Ledger
import LedgerStore
import TestSupport
import Testing
import Vault
import Wire

@testable import LedgerAPI

/// What pages of the console, and calls about webhooks, make of several pairs of logs.
@Suite("Several logs in the console", .oneServiceAtATime, .timeLimit(.minutes(5)))
struct SeveralLogsConsoleTests {
    private static let pairs = 3
    private static let context = RecordContext(actor: "operator")

    @Test("each log has its page, with its events and its evidence, and what comes to it alone")
    func pages() async throws {
        try await TestService.run(pairs: Self.pairs, databases: 2) { service in
            for writer in 0..<3 { try await service.write(writer, count: 20) }
            let visitor = try await TestVisitor(service, key: service.key)
            for log in service.store.logs.ofEvents {
                let page = try await visitor.get("/console/log?log=\(log.name)").text
                for other in service.store.logs.ofEvents {
                    #expect(page.contains(">\(other.name)</option>"), "\(log.name) \(other.name)")
                }
                let paths = Set(
                    page.matches(of: /\/console\/events\/([a-z0-9-]+)\//).map { "\($0.1)" }
                )
                #expect(paths == [log.name] || (log.kind == .access && paths.isEmpty))
                let size = try await service.store.size(log: log)
                #expect(page.contains("log=\(log.name)&amp;from_position=\(size)"))
                let evidence = try await visitor.get("/console/evidence?log=\(log.name)").text
                #expect(evidence.contains("/logs/\(log.id)/checkpoint"))
                #expect(evidence.contains("/console/evidence?log=facts-2\""))
            }
            var ends: [Int64] = []
            for log in service.store.logs.list(.facts) {
                ends.append(try await service.store.size(log: log))
            }
            for writer in 3..<6 { try await service.write(writer, count: 10) }
            for (log, end) in zip(service.store.logs.list(.facts), ends) {
                let tail = "/console/tail?follow=false&log=\(log.name)&from_position=\(end)"
                let told = try await visitor.get(tail).text
                let size = try await service.store.size(log: log)
                #expect(told.matches(of: /data:./).count == Int(size - end) && size > end)
            }
        }
    }

    @Test("a user's page leads to the events of the user's log")
    func user() async throws {
        try await TestService.run(pairs: Self.pairs, databases: 2) { service in
            for log in service.store.logs.list(.facts) {
                let name = try service.name(in: log)
                try await service.connect(name)
                let shown = try await service.get(service.user(name))
                let subject = try #require(shown["subject"])
                let visitor = try await TestVisitor(service, key: service.key)
                let page = try await visitor.get("/console/users/\(subject)").text
                let paths = page.matches(of: /\/console\/events\/([a-z0-9-]+)\/([0-9]+)/)
                #expect(Set(paths.map { "\($0.1)" }).isSubset(of: [log.name, log.access.name]))
                #expect(paths.contains { "\($0.1)" == log.name })
                for path in paths {
                    #expect(try await visitor.get("\(path.0)").status == 200)
                }
            }
        }
    }

    @Test("exports of users of any log are one list, the newest first, page by page")
    func exports() async throws {
        try await TestService.run(pairs: Self.pairs, databases: 2) { service in
            let subjects = (0..<Self.pairs).map {
                service.store.clock.identifier(in: Log(.facts, pair: $0))
            }
            var ids: [String] = []
            for number in 0..<130 {
                let subject = subjects[number % Self.pairs]
                let query = EventQuery(clientID: service.app.clientID, subject: subject)
                let request = ExportRequest(
                    log: Log(of: subject),
                    query: query,
                    apps: [service.app],
                    positions: 0..<Int64(number)
                )
                let id = service.store.clock.identifier()
                try await service.store.recordExport(
                    [request],
                    id: id,
                    format: .csv,
                    context: Self.context
                )
                ids.append("0–\(number)")
            }
            let visitor = try await TestVisitor(service, key: service.key)
            var listed: [String] = []
            var path: String? = "/console/exports"
            while let next = path {
                let page = try await visitor.get(next)
                try #require(page.status == 200, "\(page.text)")
                listed += page.text.matches(of: /facts[0-9-]* (0–[0-9]+)/).map { "\($0.1)" }
                path = page.text.firstMatch(of: /<a href="([^"]+)" rel="next">Older exports/)
                    .map { "\($0.1)".replacing("&amp;", with: "&") }
            }
            #expect(listed == ids.reversed())
            #expect(try await visitor.get("/console/exports?before=7").status == 400)
        }
    }

    @Test("problems of any log are one list, which goes on where its address says")
    func problems() async throws {
        try await TestService.run(pairs: Self.pairs, databases: 2) { service in
            for number in 0..<5 {
                try await service.connect("user \(number)")
                _ = try await service.problem(of: "user \(number)")
            }
            let first = try await service.store.problems(of: service.app, ProblemQuery(), limit: 2)
            let next = try #require(first.next)
            let visitor = try await TestVisitor(service, key: service.key)
            let all = try await visitor.get("/console/problems").text
            let rest = try await visitor.get("/console/problems?before=\(next.shown)").text
            #expect(all.matches(of: /href="\/console\/problems\/needs_reconnect/).count == 5)
            #expect(rest.matches(of: /href="\/console\/problems\/needs_reconnect/).count == 3)
            for problem in first.problems { #expect(!rest.contains("\(problem.name)")) }
            #expect(try await visitor.get("/console/problems?before=3").status == 400)
        }
    }

    @Test("a stretch of any log of facts is sent to an endpoint once more, where it is named")
    func replay() async throws {
        try await TestService.run(pairs: Self.pairs, databases: 2) { service in
            for writer in 0..<3 { try await service.write(writer, count: 20) }
            let made = try await service.post(
                "/v1/webhook-endpoints",
                #"{"url":"https://hooks.example.com/x"}"#
            )
            let path = "/v1/webhook-endpoints/\(try #require(made["endpoint"]))/replay"
            let asked = try await service.post(
                path,
                #"{"log":"facts-2","from_position":1,"until_position":3}"#
            )
            #expect(asked.status == 202, "\(asked.text)")
            #expect(asked.text == #"{"log":"facts-2","from_position":1,"until_position":3}"#)
            let own = try await service.post(path, #"{"from_position":1,"until_position":3}"#)
            #expect(own.text == #"{"from_position":1,"until_position":3}"#)
            for name in ["access", "facts-3", "map", ""] {
                let body = #"{"log":"\#(name)","from_position":1,"until_position":2}"#
                #expect(try await service.post(path, body).status == 400, "\(name)")
            }
        }
        try await TestService.run { service in
            let made = try await service.post(
                "/v1/webhook-endpoints",
                #"{"url":"https://hooks.example.com/x"}"#
            )
            let path = "/v1/webhook-endpoints/\(try #require(made["endpoint"]))/replay"
            let body = #"{"log":"facts","from_position":0,"until_position":1}"#
            #expect(try await service.post(path, body).status == 400, "where there is one, no name")
        }
    }
}
