/// Which logs a deployment has: its number of pairs is fixed when the database is made.
package struct Logs: Sendable, Equatable {
    /// Those of a deployment of one pair.
    package static let one = Logs(pairs: 1)

    /// How many pairs there are, at least one.
    package let pairs: Int

    /// The logs of so many pairs, at least one and no more than `Log.pairsMax`.
    package init(pairs: Int) {
        precondition(1...Log.pairsMax ~= pairs, "A deployment has 1 to 512 pairs of logs.")
        self.pairs = pairs
    }

    /// All, pair by pair.
    package var all: [Log] { list(Log.Kind.allCases) }

    /// Those whose records are events.
    package var ofEvents: [Log] { list([.facts, .access]) }

    /// Those of one kind, in the order of pairs.
    package func list(_ kind: Log.Kind) -> [Log] { list([kind]) }

    package func contains(_ log: Log) -> Bool { log.pair < pairs }

    /// The log to which what has this id belongs; nil where there is no such log, and so nothing.
    package func log(of id: Identifier) -> Log? {
        let log = Log(of: id)
        return contains(log) ? log : nil
    }

    /// The log of facts where a keyed hash is at home: of a user by its label, of what else is claimed by its
    /// fingerprint.
    ///
    /// The first eight bytes as a number, modulo the number of pairs: they are as good as drawn at random.
    package func home(of hash: Fingerprint) -> Log {
        guard pairs > 1 else { return .facts }
        return Log(.facts, pair: Int(UInt64(hash.value >> 64) % UInt64(pairs)))
    }

    private func list(_ kinds: [Log.Kind]) -> [Log] {
        (0..<pairs).flatMap { pair in kinds.map { Log($0, pair: pair) } }
    }
}
