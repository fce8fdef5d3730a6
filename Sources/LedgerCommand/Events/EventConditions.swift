import ArgumentParser
import Ledger

/// The flags that say which events of a log are meant, whoever reads them.
struct EventConditions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "facts, or access: who read and exported what. Facts unless named.",
            discussion: """
                Where there are several logs of a kind, its name is all of them, or that of the user who is \
                named; facts-0 is the first alone, and facts-1 the next.
                """
        ),
        transform: LogChoice.reading(.facts, .access)
    )
    var log = LogChoice(.facts)

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
