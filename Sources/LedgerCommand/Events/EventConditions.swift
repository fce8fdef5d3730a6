import ArgumentParser
import Ledger

/// The flags that say which events of a log are meant, whoever reads them.
struct EventConditions: ParsableArguments {
    @Option(help: "facts, or access: who read and exported what.")
    var log = Log.facts

    @Option(
        name: .customLong("type"),
        help: ArgumentHelp("Only events of this type; repeatable.", valueName: "type")
    )
    var types: [String] = []

    @Option(help: ArgumentHelp("Only events of this moment and later.", valueName: "time"))
    var since: String?

    @Option(
        name: .customLong("until"),
        help: ArgumentHelp("Only events before this moment.", valueName: "time")
    )
    var before: String?
}
