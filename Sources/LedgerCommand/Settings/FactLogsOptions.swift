import ArgumentParser
import Ledger

/// How many logs of facts a new database has.
struct FactLogsOptions: ParsableArguments {
    @Option(
        name: .customLong("fact-logs"),
        help: ArgumentHelp(
            "How many logs of facts a new database shall have, 1 to \(Log.pairsMax).",
            discussion:
                "A user belongs to one of them by a hash. Later, migrate adds further ones to them."
        )
    )
    var factLogs: Int?

    /// The logs that were asked for; nil for those that there are, one of facts in a new database.
    var logs: Logs? { factLogs.map { Logs(pairs: $0) } }

    func validate() throws {
        guard let factLogs, !(1...Log.pairsMax).contains(factLogs) else { return }
        throw ValidationError("--fact-logs must be 1 to \(Log.pairsMax).")
    }
}
