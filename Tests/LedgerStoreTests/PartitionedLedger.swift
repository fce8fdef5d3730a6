import Foundation
import Ledger
import LedgerSchema
import LedgerStore
import Postgres
import TestSupport

/// A ledger whose tables are partitioned by `log_id`, on a server that tells every plan.
enum PartitionedLedger {
    /// The logs that may be; each has a partition of its own of each table, whose number is the log's.
    static let logs = Logs(pairs: 3)

    /// Lends a store of so many pairs in it, and the plans of what it does.
    static func run(
        pairs: Int = 1,
        _ body: (TestStore, SeenPlans) async throws -> Void
    ) async throws {
        let settings = [
            "shared_preload_libraries": "auto_explain",
            "auto_explain.log_min_duration": "0",
            "auto_explain.log_nested_statements": "on",
            "auto_explain.log_format": "json",
        ]
        try await TestCluster.run(settings: settings) { cluster in
            let owner = try await PostgresConnection.connect(
                PostgresConfiguration(url: try await cluster.url()).withoutTimeLimits
            )
            for migration in Migration.all {
                try await owner.script(partitioned(migration.text))
            }
            await owner.close()
            let plans = SeenPlans(path: try await cluster.logPath())
            try await TestStore.run(on: cluster, pairs: pairs) { test in try await body(test, plans)
            }
        }
    }

    /// A migration whose tables with a column `log_id` are partitioned by it.
    private static func partitioned(_ migration: String) throws -> String {
        // The name, the columns, and what follows them: comments, and room on pages, which only
        // partitions can have.
        let table = try NSRegularExpression(
            pattern: #"create table (\w+\.\w+) \((\n.*?\n)\)(?:\n--[^\n]*)*(?:\nwith \([^)]*\))?;"#,
            options: .dotMatchesLineSeparators
        )
        // Whether a row was updated is seen by a system column, which PostgreSQL does not give of partitions;
        // Citus has plain tables there. Whom it is about plays no part in a plan.
        var text = migration.replacing(
            "(user_state.xmax = 0) = (user_state.subject_version = 1)",
            with: "true"
        )
        let all = NSRange(text.startIndex..., in: text)
        for match in table.matches(in: text, range: all).reversed() {
            guard let whole = Range(match.range, in: text),
                let name = Range(match.range(at: 1), in: text).map({ String(text[$0]) }),
                let columns = Range(match.range(at: 2), in: text).map({ String(text[$0]) }),
                columns.contains("\n    log_id integer")
            else { continue }
            let partitions = logs.all.map {
                "create table \(name)_part\($0.id) partition of \(name) for values in (\($0.id));"
            }
            text.replaceSubrange(
                whole,
                with: "create table \(name) (\(columns)) partition by list (log_id);\n"
                    + partitions.joined(separator: "\n")
            )
        }
        return text
    }
}

/// The plans that a server has written to its log, where `auto_explain` does so in JSON.
final class SeenPlans {
    /// A plan as it was carried out: what parameters rule out at its start is not in it any more.
    struct Plan {
        let query: String
        /// The partitioned tables that it reads, and the numbers of their partitions.
        private(set) var tables: Set<String> = []
        private(set) var partitions: Set<Int> = []

        init(query: String, _ plan: Any) {
            self.query = query
            look(plan)
        }

        private mutating func look(_ node: Any) {
            if let list = node as? [Any] { for node in list { look(node) } }
            guard let node = node as? [String: Any] else { return }
            // What is written to names all partitions, before any is ruled out.
            if let type = node["Node Type"] as? String, type.hasSuffix("Scan"),
                let relation = node["Relation Name"] as? String,
                let place = relation.range(of: "_part"),
                let number = Int(relation[place.upperBound...])
            {
                tables.insert(String(relation[..<place.lowerBound]))
                partitions.insert(number)
            }
            for child in node.values { look(child) }
        }
    }

    private let path: String
    private var read = 0

    init(path: String) {
        self.path = path
    }

    /// Those since the last time.
    func take() throws -> [Plan] {
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        let text = String(decoding: data.dropFirst(read), as: UTF8.self)
        read = data.count
        var plans: [Plan] = []
        var lines: [Substring] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("\t") {
                lines.append(line.dropFirst())
            } else {
                plans += try Self.plan(lines)
                lines = []
            }
        }
        return plans + (try Self.plan(lines))
    }

    /// What a message's further lines say, where they are a plan.
    private static func plan(_ lines: [Substring]) throws -> [Plan] {
        guard lines.first == "{" else { return [] }
        let json = try JSONSerialization.jsonObject(with: Data(lines.joined(separator: "\n").utf8))
        guard let whole = json as? [String: Any], let plan = whole["Plan"],
            let query = whole["Query Text"] as? String
        else { return [] }
        return [Plan(query: query, plan)]
    }
}
