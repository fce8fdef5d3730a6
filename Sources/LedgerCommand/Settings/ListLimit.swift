import ArgumentParser

/// How much of a list a command shows at once.
struct ListLimit: ParsableArguments {
    @Option(help: "How many, 1000 at most.")
    var limit = 50

    func validate() throws {
        guard (1...1000).contains(limit) else {
            throw ValidationError("--limit is 1 to 1000.")
        }
    }
}
