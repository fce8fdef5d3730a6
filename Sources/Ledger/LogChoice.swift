/// Which logs somebody names: all of a kind, or one.
///
/// `facts` is all logs of facts, or the one of the user who is asked about; `facts-0` is the first of them alone, and
/// `facts-1` the next (docs/decisions/0067-k-logs-of-facts.md). Where there is one log, `facts` and `facts-0` are the same.
package struct LogChoice: Sendable, Hashable {
    /// The log that is meant where one must be: the first of the kind, where only that is named.
    package let log: Log
    /// Whether that log is named, and not its kind alone.
    package let isOne: Bool

    private init(_ log: Log, isOne: Bool) {
        self.log = log
        self.isOne = isOne
    }

    /// All logs of a kind.
    package init(_ kind: Log.Kind) { self.init(Log(kind, pair: 0), isOne: false) }

    /// What is named by this text, in whatever database; nil where no ledger could have such a log.
    package init?(name: String) {
        if let log = Log(name: name) {
            self.init(log, isOne: log.pair > 0)
        } else if let kind = Log.Kind.allCases.first(where: { name == Log($0, pair: 0).ownName }) {
            self.init(Log(kind, pair: 0), isOne: true)
        } else {
            return nil
        }
    }

    package var kind: Log.Kind { log.kind }

    /// The text that names it.
    package var name: String { isOne ? log.ownName : log.name }
}

extension Logs {
    /// The logs that somebody names, as far as what is about one user or endpoint may be there: all where none is
    /// named.
    ///
    /// Whoever names one log means that, whoever is asked about. There must be such a log.
    package func list(_ choice: LogChoice, about id: Identifier? = nil) -> [Log] {
        guard !choice.isOne else { return [choice.log] }
        guard let id, pairs > 1 else { return list(choice.kind) }
        // Whose log there is not is nobody, of whom any log has nothing.
        return [Log(choice.kind, pair: log(of: id)?.pair ?? 0)]
    }

    /// What may be named, in words: of one log the kinds, of several the logs of each kind besides.
    package func names(_ kinds: [Log.Kind]) -> String {
        var words = kinds.map { Log($0, pair: 0).name }
        if pairs > 1 {
            words += kinds.map {
                Log($0, pair: 0).ownName + " to " + Log($0, pair: pairs - 1).ownName
            }
        }
        guard words.count > 1, let last = words.popLast() else { return words.joined() }
        return words.joined(separator: ", ") + " or " + last
    }
}
