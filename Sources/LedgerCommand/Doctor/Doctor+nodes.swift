import LedgerStore
import Postgres

extension Doctor {
    /// The servers of each database that is a Citus cluster, beside the coordinator.
    func nodeChecks(_ pools: LogPools?) async -> [DoctorCheck?] {
        guard let pools else { return [] }
        var checks: [DoctorCheck?] = []
        for (part, pool) in zip(pools.map.parts, pools.pools) {
            let name = pools.map.saysPairs ? "nodes of \(part.name)" : "nodes"
            checks.append(await nodeCheck(pool, name))
        }
        return checks
    }

    /// Nil where the database is on one server.
    private func nodeCheck(_ pool: PostgresPool, _ name: String) async -> DoctorCheck? {
        var check = DoctorCheck(name)
        do {
            guard let citus = try await CitusNodes.read(pool) else { return nil }
            check.note("Citus", citus.version)
            for node in citus.nodes {
                let logs = node.factLogs.map { "\($0) logs of facts" }
                check.note("node \(node.name)", logs ?? "logs of facts unknown")
                if let finding = Self.finding(node) { check.find(finding) }
            }
        } catch {
            check.miss("the nodes of the cluster (\(error))")
        }
        return check
    }

    private static func finding(_ node: CitusNodes.Node) -> DoctorFinding? {
        if let failure = node.failure {
            return DoctorFinding(
                "node_unavailable",
                .blocking,
                "The node \(node.name) cannot be asked: \(failure).",
                nextStep:
                    "See that its server runs, and that the coordinator may connect to it as the "
                    + "service's role and as the owner: docs/sizing.md, \"Citus\"."
            )
        }
        guard let first = node.differing.first else { return nil }
        let more = node.differing.count - 1
        return DoctorFinding(
            "node_differs",
            .blocking,
            "The node \(node.name) is not as the coordinator is: \(first)"
                + (more > 0 ? " and \(more) more." : "."),
            nextStep: "Nobody changes a node by itself, and nobody restores one by itself: "
                + "docs/sizing.md, \"Citus\"."
        )
    }
}
