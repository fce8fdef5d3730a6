import ArgumentParser
import Campaign
import UnixSignals

/// `campaign ha`: a database of several nodes, to be watched and killed by hand.
struct HACommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ha",
        abstract: "Run two copies of the service on several nodes under Patroni, to be watched.",
        discussion: """
            Needs Debian's packages patroni and etcd-server (make ready-for-tests). Ctrl-C ends \
            everything.
            """
    )

    @Option(help: "How many nodes: 2 or 3.")
    var nodes = 2

    func validate() throws {
        guard (2...3).contains(nodes) else { throw ValidationError("There are 2 or 3 nodes.") }
    }

    func run() async throws {
        // From the beginning: who interrupts the start shall find nothing left either.
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        let program = try CampaignCommand.programBeside()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [nodes] in
                try await Watching.run(program: program, nodes: nodes) { CampaignCommand.say($0) }
            }
            group.addTask { for await _ in signals { return } }
            try await group.next()
            CampaignCommand.say("Ending …")
            group.cancelAll()
            do { try await group.waitForAll() } catch is CancellationError {}
        }
        CampaignCommand.say("Stopped; nothing is left of it.")
    }
}
