package import Ledger
package import Postgres

/// Which database holds which pairs of logs (docs/decisions/0067-k-logs-of-facts.md).
///
/// The first one also holds what belongs to no user: apps, keys, webhooks.
package struct DatabaseMap: Sendable {
    /// One database and its pairs.
    package struct Part: Sendable {
        package let pairs: Range<Int>
        package let database: PostgresConfiguration
    }

    /// In the order of pairs; at least one.
    package let parts: [Part]

    /// Whether it says how many pairs there are; else the database itself does.
    package let saysPairs: Bool

    /// One database that holds all pairs, however many there are.
    package init(_ database: PostgresConfiguration) {
        parts = [Part(pairs: 0..<Log.pairsMax, database: database)]
        saysPairs = false
    }

    /// Several databases, named in any order.
    ///
    /// Throws `DatabaseMapError` unless each pair from 0 on is in exactly one.
    package init(_ named: [Part]) throws(DatabaseMapError) {
        let parts = named.sorted { $0.pairs.lowerBound < $1.pairs.lowerBound }
        guard let first = parts.first else { throw .empty }
        guard first.pairs.lowerBound == 0 else { throw .gap(before: first.pairs.lowerBound) }
        for (part, next) in zip(parts, parts.dropFirst()) {
            let (end, begin) = (part.pairs.upperBound, next.pairs.lowerBound)
            if begin < end { throw .overlap(pair: begin) }
            if begin > end { throw .gap(before: begin) }
        }
        self.init(parts: parts, saysPairs: true)
        self = self.named(first.database.applicationName)
    }

    /// The database of administration.
    package var first: PostgresConfiguration { parts[0].database }

    /// The database in which a log stands, of those that there are.
    package subscript(log: Log) -> PostgresConfiguration { parts[place(of: log)].database }

    /// The number of the part in which a log stands.
    ///
    /// What names a log that there is not, as a damaged row may, is asked for in the first one, and not found there.
    package func place(of log: Log) -> Int {
        parts.firstIndex { $0.pairs.contains(log.pair) } ?? 0
    }

    /// How many pairs there are; nil where only the database knows.
    package var pairs: Int? { saysPairs ? parts.last?.pairs.upperBound : nil }

    /// The same databases, each changed in the same way.
    package func map(_ change: (PostgresConfiguration) -> PostgresConfiguration) -> DatabaseMap {
        DatabaseMap(
            parts: parts.map { Part(pairs: $0.pairs, database: change($0.database)) },
            saysPairs: saysPairs
        )
    }

    /// The same databases for another use: sessions, and the figures of pools, have its name, and where there are
    /// several, that of the part.
    package func named(
        _ name: String,
        _ change: (PostgresConfiguration) -> PostgresConfiguration = { $0 }
    ) -> DatabaseMap {
        DatabaseMap(
            parts: parts.map { part in
                var database = change(part.database)
                database.applicationName = saysPairs ? "\(name) \(part.name)" : name
                return Part(pairs: part.pairs, database: database)
            },
            saysPairs: saysPairs
        )
    }

    private init(parts: [Part], saysPairs: Bool) {
        self.parts = parts
        self.saysPairs = saysPairs
    }
}

extension DatabaseMap.Part {
    /// What people are told which database it is: its pairs, and nothing of its connection string.
    package var name: String { Self.name(of: pairs) }

    /// The pairs in words.
    static func name(of pairs: Range<Int>) -> String {
        pairs.count == 1
            ? "pair \(pairs.lowerBound)" : "pairs \(pairs.lowerBound) to \(pairs.upperBound - 1)"
    }

    /// One database of several; `first` and `last` are inclusive.
    ///
    /// Throws `DatabaseMapError` unless they name pairs that there may be.
    package init(first: Int, last: Int, database: PostgresConfiguration) throws(DatabaseMapError) {
        guard first >= 0, last < Log.pairsMax, first <= last else {
            throw .noPairs(first: first, last: last)
        }
        self.init(pairs: first..<last + 1, database: database)
    }
}

/// Why a map is none.
package enum DatabaseMapError: Error, Equatable, CustomStringConvertible {
    /// It names no database.
    case empty
    /// It names a database for pairs that cannot be.
    case noPairs(first: Int, last: Int)
    /// No database has the pairs before this one.
    case gap(before: Int)
    /// Two databases have this pair.
    case overlap(pair: Int)

    package var description: String {
        switch self {
        case .empty: "it names no database"
        case .noPairs(let first, let last):
            "pairs \(first) to \(last) cannot be: they are counted from 0 to \(Log.pairsMax - 1), and "
                + "first is not after last"
        case .gap(let pair): "no database has the pairs just before \(pair); pair 0 is the first"
        case .overlap(let pair): "two databases have pair \(pair)"
        }
    }
}
