import Foundation
import LedgerStack
import TestSupport
import Testing

/// What operators get at `/metrics`, as Prometheus itself reads it.
@Suite("Prometheus", .sharedProgram, .serialized, .timeLimit(.minutes(5)))
struct PrometheusTests {
    private static let top = #filePath.replacing(
        "Tests/EndToEndTests/PrometheusTests.swift",
        with: ""
    )
    private static let monitoring = top + "docs/monitoring/"

    private func text(_ path: String) throws -> String {
        try String(contentsOfFile: Self.top + path, encoding: .utf8)
    }

    private func page() async throws -> String {
        let answer = try await TestProgram.run(
            "curl",
            ["--silent", "--fail", "--max-time", "20", SharedProgram.program.ready.metricsURL]
        )
        #expect(answer.status == 0)
        return answer.output
    }

    @Test("promtool takes the page for what it is, and finds one name odd that is not ours")
    func format() async throws {
        let page = try await page()
        try await TestProgramFolder.lend { folder in
            let file = folder.path + "/page"
            try page.write(toFile: file, atomically: true, encoding: .utf8)
            let check = try await TestProgram.run("sh", ["-c", "promtool check metrics <\(file)"])
            // OpenTelemetry calls it so.
            #expect(
                check.messages + check.output == """
                    db_client_connection_count non-histogram and non-summary metrics should not \
                    have "_count" suffix

                    """
            )
        }
    }

    @Test("the guide lists every metric with its kind and its meaning, and no other")
    func table() async throws {
        var shown: [String: (kind: String, help: String)] = [:]
        for line in try await page().split(separator: "\n") where line.hasPrefix("# ") {
            let words = line.split(separator: " ", maxSplits: 3).map(String.init)
            let name = words[2]
            if words[1] == "HELP" {
                shown[name, default: ("", "")].help = words[3]
            } else {
                shown[name, default: ("", "")].kind = words[3]
            }
        }
        let rows = try text("docs/operator.md").split(separator: "\n")
            .drop { $0 != "### Every metric" }.dropFirst()
            .prefix { !$0.hasPrefix("#") }.filter { $0.hasPrefix("| `") }
        var listed: [String: (kind: String, help: String)] = [:]
        for row in rows {
            let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            listed[cells[0].trimmingCharacters(in: ["`"])] = (cells[1], cells[2])
        }
        #expect(Set(shown.keys).symmetricDifference(listed.keys).sorted() == [])
        for (name, (kind, help)) in shown {
            #expect(listed[name]?.kind == kind, "\(name)")
            #expect(listed[name]?.help == help, "\(name)")
        }
        #expect(shown.count > 80)
    }

    @Test("dashboard and alerts ask for metrics that there are")
    func names() async throws {
        var known: Set<String> = ["up"]
        for line in try await page().split(separator: "\n") where line.hasPrefix("# TYPE ") {
            let words = line.split(separator: " ").map(String.init)
            known.insert(words[2])
            guard words[3] == "histogram" else { continue }
            known.formUnion(["_bucket", "_sum", "_count"].map { words[2] + $0 })
        }
        let alerts = try text("docs/monitoring/alerts.yaml").split(separator: "\n")
            .compactMap { $0.contains(" expr: ") ? $0.split(separator: "expr: ").last : nil }
            .map(String.init)
        let dashboard = try JSONDecoder().decode(
            BrowserValue.self,
            from: Data(try text("docs/monitoring/dashboard.json").utf8)
        )
        let asked = (dashboard["panels"]?.array ?? []).flatMap { panel in
            (panel["targets"]?.array ?? []).compactMap { $0["expr"]?.string }
        }
        #expect(alerts.count > 20 && asked.count > 40)
        for expression in alerts + asked {
            let names = metrics(in: expression)
            #expect(!names.isEmpty, "\(expression)")
            #expect(names.subtracting(known).sorted() == [], "\(expression)")
        }
    }

    /// The words of an expression that are neither functions nor labels nor of the language.
    private func metrics(in expression: String) -> Set<String> {
        let bare = expression.replacing(/\{[^}]*\}/, with: "").replacing(/\[[^\]]*\]/, with: "")
            .replacing(/(by|without|on|ignoring) *\([^)]*\)/, with: "")
        let words = bare.matches(of: /([a-zA-Z_:][a-zA-Z0-9_:]*) *(\(?)/)
        return Set(words.filter { $0.2.isEmpty }.map { String($0.1) })
            .subtracting(["and", "or", "unless", "bool", "by", "sum", "max", "min"])
    }

    @Test("each alert has a runbook in the guide, and each of the tested ones comes when it should")
    func alerts() async throws {
        let guide = try text("docs/operator.md").split(separator: "\n")
        let headings = Set(guide.filter { $0.hasPrefix("#### ") }.map { $0.dropFirst(5) })
        let alerts = try text("docs/monitoring/alerts.yaml").matches(
            of: /- alert: (\w+)\n(?: +[^-\n].*\n)*? +runbook_url: docs\/operator\.md#(\w+)/
        )
        #expect(alerts.count > 20)
        for alert in alerts {
            #expect(headings.contains(alert.1), "\(alert.1)")
            #expect(alert.2 == alert.1.lowercased())
        }
        let named = headings.filter { $0.hasPrefix("TokenLedger") }
        #expect(named.count == alerts.count, "no runbook is without its alert")
        try await TestProgramFolder.lend { folder in
            for (from, name) in [
                (Self.monitoring + "alerts.yaml", "alerts.yaml"),
                (Self.top + "Tests/EndToEndTests/Prometheus/alerts-test.yaml", "test.yaml"),
            ] {
                try FileManager.default.copyItem(atPath: from, toPath: folder.path + "/" + name)
            }
            let test = try await TestProgram.run(
                "promtool",
                ["test", "rules", folder.path + "/test.yaml"]
            )
            #expect(test.status == 0, "\(test.output)\(test.messages)")
        }
    }

    @Test("a Prometheus with our example scrapes the service, and its rules find what they ask for")
    func scrape() async throws {
        let program = try SharedProgram.program
        try await program.connect("scraped", source: "band")
        let verdict = try await TestProgram.run(
            "promtool",
            ["check", "config", Self.monitoring + "prometheus.yaml"]
        )
        #expect(verdict.status == 0, "\(verdict.output)\(verdict.messages)")
        try await TestProgramFolder.lend { folder in
            // The example, but for the address and for how long a test waits.
            let address = program.ready.metricsURL.replacing("http://", with: "")
                .replacing("/metrics", with: "")
            let example = try text("docs/monitoring/prometheus.yaml")
            let own = example.replacing("127.0.0.1:9464", with: address)
                .replacing("15s", with: "1s")
                .replacing("- alerts.yaml", with: "- \(Self.monitoring)alerts.yaml")
            #expect(own != example)
            let file = folder.path + "/prometheus.yaml"
            try own.write(toFile: file, atomically: true, encoding: .utf8)
            let port = try await LocalPort.free()
            try await TestPrometheus.run(file, in: folder.path, port: port) { prometheus in
                try await check(prometheus)
            }
        }
    }

    private func check(_ prometheus: TestPrometheus) async throws {
        // It answers after a moment, and has scraped after another one.
        var ready: [BrowserValue] = []
        while ready.isEmpty {
            ready = (try? await prometheus.query("token_ledger_ready == 1")) ?? []
            if ready.isEmpty { try await Task.sleep(for: .milliseconds(100)) }
        }
        #expect(ready.first?["metric"]?["job"] == "token-ledger")
        for expression in [
            "up{job=\"token-ledger\"} == 1",
            "token_ledger_finalizes_total{outcome=\"finalized\"} >= 1",
            "http_client_request_duration_seconds_count{url_template=\"/v1/connect/tokens\"} >= 1",
            "histogram_quantile(0.5, token_ledger_append_duration_seconds_bucket{log=\"facts\"}) > 0",
            "process_start_time_seconds < time() and process_start_time_seconds > time() - 3600",
            "token_ledger_log_records{log=\"facts\"} > 1",
        ] {
            let found = try await prometheus.query(expression)
            #expect(!found.isEmpty, "\(expression)")
        }
        // Its rules were evaluated, and none of them failed.
        var rules: [BrowserValue] = []
        while rules.isEmpty || rules.contains(where: { $0["health"] == "unknown" }) {
            let groups = try await prometheus.get("/api/v1/rules")["data"]?["groups"]?.array ?? []
            rules = groups.flatMap { $0["rules"]?.array ?? [] }
            try await Task.sleep(for: .milliseconds(100))
        }
        for rule in rules { #expect(rule["health"] == "ok", "\(rule)") }
    }
}
