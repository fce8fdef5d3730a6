import ArgumentParser
import LedgerBench

extension BenchStack.Operation: ExpressibleByArgument {}

extension BenchCommand {
    /// `token-ledger bench count`: a number of operations, for a tool that counts.
    struct Count: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "count",
            abstract: "Do one operation a number of times, for a tool that counts instructions.",
            discussion: """
                Rates and times depend on the machine and its neighbours; the number of instructions \
                hardly does. The operations are done between calls of beginCount and endCount, \
                marks for valgrind's callgrind:

                valgrind --tool=callgrind --separate-threads=yes --zero-before='*beginCount*' \
                --dump-before='*endCount*' token-ledger bench count launch

                The load's own threads are those that LoadConnection runs on.
                """
        )

        @Argument(help: "What is done.")
        var operation: BenchStack.Operation

        @Option(help: "How often.")
        var times = 2_048

        @Option(help: "How many callers there are at once.")
        var clients = 64

        @OptionGroup var options: Options

        func validate() throws {
            guard (1...1_000_000).contains(times), (1...1_024).contains(clients) else {
                throw ValidationError("--times must be 1 to 1000000, --clients 1 to 1024.")
            }
        }

        func run() async throws {
            let plan = BenchStack.Plan(clients: clients, integrates: false, delivers: false)
            try await BenchCommand.run(options, plan) {
                try await $0.count(operation, times: times)
            }
        }
    }
}
