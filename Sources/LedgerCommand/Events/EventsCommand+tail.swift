import ArgumentParser
import LedgerStack
import Logging

extension EventsCommand {
    /// `token-ledger events tail`: shows events as they happen.
    struct Tail: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "tail",
            abstract: "Show events as they happen.",
            discussion: """
                Asks a running service, with an API key that has the scope events:read. A lost \
                connection is made again, and goes on where it was: no event is missing, and none is \
                shown twice. Where the service has several logs, a position has its log before it, unless \
                that is the first. Ctrl-C ends it.
                """
        )

        @Option(help: ArgumentHelp("Where the service is.", valueName: "origin"))
        var url: String

        @Option(
            name: .customLong("key-file"),
            help: "A file with the API key, that only its owner may read."
        )
        var keyFile: String

        @OptionGroup var selection: EventSelection

        @Flag(help: "Print one JSON document for each event, as the service sends it.")
        var json = false

        func run() async throws {
            let tail = TailedService(
                url: try ServiceAddress(url).text + "/v1/events/tail?" + selection.query,
                key: try ServiceAddress.key(inFile: keyFile),
                take: { [json] data in
                    TailedService.show(json ? EventLine.json(data) : EventLine.text(data))
                }
            )
            let logger = try ProgramLog.start(level: nil, default: .error)
            try await ServiceRunner.run([ServiceRunner.work(tail.run)], logger: logger)
        }
    }
}
