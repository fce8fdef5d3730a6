/// Where the tables stand that no log is named in, when a database is distributed over the nodes of a Citus cluster.
///
/// A table with a column `log_id` is distributed by it, so none of those has to be named here
/// (docs/decisions/0070-citus-by-rows.md). A test compares with the tables that there are.
enum CitusTables {
    /// Of few rows, which appends and reads need on the node of any log: each node has them.
    static let onEveryNode = [
        "ledger.migration", "ledger.app", "ledger.api_key", "ledger.appender", "vault.master_key",
        "vault.retired_root_key",
    ]

    /// Written often, and by nothing that a node does for a log: they stay on the coordinator, plain tables of it.
    static let onTheCoordinator = [
        "ledger.api_key_use", "ledger.webhook_endpoint", "ledger.webhook_progress",
        "ledger.webhook_lease", "ledger.webhook_delivery", "ledger.webhook_replay",
    ]
}
