import ArgumentParser
import Ledger

extension LogChoice {
    /// Reads the value of a `--log`, which names logs of these kinds: any that a database could have, for which ones
    /// it has is known only once it is open.
    static func reading(_ kinds: Log.Kind...) -> @Sendable (String) throws -> LogChoice {
        { text in
            guard let choice = LogChoice(name: text), kinds.contains(choice.kind) else {
                let names = Logs.one.names(kinds)
                throw ValidationError("\(names); where there are several of a kind, also facts-1.")
            }
            return choice
        }
    }
}

extension Logs {
    /// The logs that a `--log` names, as far as what is about one user may be there.
    ///
    /// - Throws: where there is no such log.
    func named(_ choice: LogChoice, about id: Identifier? = nil) throws(CommandError) -> [Log] {
        guard contains(choice.log) else {
            throw CommandError(
                "There is no log \(choice.name): --log is \(names([choice.kind])) here."
            )
        }
        return list(choice, about: id)
    }

    /// The log in which positions are that somebody names.
    ///
    /// - Throws: where there is no such log, or positions may be in several.
    func one(_ choice: LogChoice, about id: Identifier? = nil) throws(CommandError) -> Log {
        let logs = try named(choice, about: id)
        guard logs.count == 1 else { throw CommandError(positionsNameNothing(logs)) }
        return logs[0]
    }

    /// Why positions say nothing of several logs, and how to say what is meant.
    private func positionsNameNothing(_ logs: [Log]) -> String {
        "A position is one of one log, and there are \(logs.count): say which with --log, "
            + "\(logs[0].ownName) to \(logs[logs.count - 1].ownName)."
    }
}
