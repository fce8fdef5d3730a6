/// Which logs a deployment has.
///
/// Pairs can be added. Those of before are *closed* then: their users stay, and who is new belongs to one of the others
/// (docs/decisions/0067-k-logs-of-facts.md#from-one-to-k).
package struct Logs: Sendable, Equatable {
    /// Those of a deployment of one pair.
    package static let one = Logs(pairs: 1)

    /// How many pairs there are, at least one.
    package let pairs: Int

    /// How many pairs, from the first on, nobody new belongs to; less than `pairs`.
    package let closedPairs: Int

    /// The logs of so many pairs, at least one and no more than `Log.pairsMax`, of which fewer are closed.
    package init(pairs: Int, closedPairs: Int = 0) {
        precondition(1...Log.pairsMax ~= pairs, "A deployment has 1 to 512 pairs of logs.")
        precondition(0..<pairs ~= closedPairs, "One pair is open at least.")
        self.pairs = pairs
        self.closedPairs = closedPairs
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

    /// The log of facts where a keyed hash is at home: of a user who is new by its label, of what else is claimed by its
    /// fingerprint.
    ///
    /// The first eight bytes as a number, modulo the number of open pairs: they are as good as drawn at random.
    package func home(of hash: Fingerprint) -> Log {
        guard pairs > 1 else { return .facts }
        let place = Int(UInt64(hash.value >> 64) % UInt64(pairs - closedPairs))
        return Log(.facts, pair: closedPairs + place)
    }

    /// The logs of facts to which nobody new belongs, in the order of pairs; whoever was there before the others were
    /// added is still there.
    package var closed: [Log] { (0..<closedPairs).map { Log(.facts, pair: $0) } }

    /// Whether these can have become others by pairs that were added, once or more often: each time all of before are
    /// closed.
    package func canBecome(_ later: Logs) -> Bool { later.closedPairs >= pairs }

    /// Whether nobody new belongs to the pair of a log.
    package func isClosed(_ log: Log) -> Bool { log.pair < closedPairs }

    /// Of how many logs the places may be that somebody kept in a list of so many: of those, and where these are all of
    /// a kind, of as many as there were before others were added.
    package func counts(of count: Int) -> [Int] {
        [count] + (count == pairs ? (0..<closedPairs).reversed().map { $0 + 1 } : [])
    }

    private func list(_ kinds: [Log.Kind]) -> [Log] {
        (0..<pairs).flatMap { pair in kinds.map { Log($0, pair: pair) } }
    }
}
