import Ledger
import LedgerStore
import Measures
import NIOHTTP1
import Testing

@testable import LedgerAPI

@Suite("Metrics", .oneServiceAtATime, .timeLimit(.minutes(5)))
struct MetricsTests {
    /// The lines of a page with this beginning.
    private func lines(_ service: TestService, _ begin: String) async -> [String] {
        await service.metrics.split(separator: "\n").map(String.init)
            .filter { $0.hasPrefix(begin) }
    }

    @Test("requests are counted by method, pattern and status, and nothing else of them is shown")
    func labels() async throws {
        try await TestService.run { service in
            let launch = try await service.launch("alice@example.com")
            for _ in 0..<3 { _ = try await service.get("/v1/users/alice%40example.com") }
            let strange = ["/nowhere/alice", "/v1/users/alice/nothing/at/all", "/v1/users"]
            for path in strange { _ = try await service.get(path) }
            _ = try await service.call(HTTPMethod(rawValue: "PROPFIND"), "/livez", key: nil)
            _ = try await service.call(.TRACE, "/alice", key: service.key)
            let count = "http_server_request_duration_seconds_count"
            let counts = await lines(service, count)
            let read =
                count + "{http_request_method=\"GET\",http_route=\"/v1/users/{client_user_id}\","
                + "http_response_status_code=\"200\"} 3"
            #expect(counts.contains(read), "\(counts)")
            let missed = counts.filter { $0.contains("http_response_status_code=\"404\"") }
            #expect(missed.allSatisfy { $0.contains("http_route=\"none\"") }, "\(missed)")
            #expect(!missed.isEmpty)
            let all = await lines(service, "").joined(separator: "\n")
            let methods = Set(all.matches(of: /http_request_method="([^"]*)"/).map { "\($0.1)" })
            #expect(methods.isSubset(of: ["GET", "POST", "TRACE", "_OTHER"]), "\(methods)")
            let routes = Set(all.matches(of: /http_route="([^"]*)"/).map { "\($0.1)" })
            let known = Set(service.api.routes.map(\.path)).union(["none"])
            #expect(routes.isSubset(of: known), "\(routes)")
            for secret in ["alice", "127.0.0.1", service.key, launch.finishPath] {
                #expect(!all.contains(secret), "\(secret)")
            }
        }
    }

    @Test("each limit stands beside what was refused for it")
    func limits() async throws {
        var rates = CallRates.usual
        rates.address = CallRate(perSecond: 0.001, burst: 2)
        rates.newUsers = nil
        try await TestService.run(rates: rates) { service in
            let refused = "token_ledger_rate_limited_requests_total{policy=\"address\"}"
            #expect(await lines(service, refused) == [refused + " 0"])
            var statuses: [Int] = []
            for _ in 0..<4 {
                statuses.append(try await service.call(.GET, "/v1/events", key: "none").status)
            }
            #expect(statuses == [401, 401, 429, 429])
            #expect(await lines(service, refused) == [refused + " 2"])
            let bursts = await lines(service, "token_ledger_rate_limit_burst")
            #expect(bursts.contains("token_ledger_rate_limit_burst{policy=\"address\"} 2.0"))
            #expect(!bursts.contains { $0.contains("new-users") }, "it was lifted")
            for name in [
                "token_ledger_exports_max 16", "token_ledger_exports_of_app_max 4",
                "token_ledger_active_requests_max 512",
                "token_ledger_connections_max{server=\"api\"} 4096",
                "token_ledger_unread_bytes_max{server=\"api\"} 67108864",
                "token_ledger_request_body_bytes_max 65536",
            ] {
                #expect(await lines(service, name) == [name])
            }
        }
    }

    @Test("an export is there while it is under way, and one too many is counted")
    func exports() throws {
        let room = ExportRoom()
        func shown() -> [String] {
            var page = MetricPage()
            room.fill(&page)
            return page.text.split(separator: "\n").map(String.init).filter {
                $0.hasPrefix("token_ledger_exports ")
                    || $0.hasPrefix("token_ledger_refused_exports_total ")
            }
        }
        var places: [AppPlace] = []
        for _ in 0..<RequestLimits.exportsOfAppMax {
            places.append(try room.enter(.init(value: 1)))
        }
        #expect(throws: LedgerError.tooManyExports) { try room.enter(.init(value: 1)) }
        #expect(shown() == ["token_ledger_exports 4", "token_ledger_refused_exports_total 1"])
        places = []
        #expect(shown() == ["token_ledger_exports 0", "token_ledger_refused_exports_total 1"])
    }
}
