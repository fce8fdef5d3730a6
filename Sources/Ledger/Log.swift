/// One of the logs of a deployment, each with positions and a tree of its own.
///
/// They come in pairs, each with a log of maps: what happened to the users of a pair stands in one log,
/// and who read what of them in the other (docs/decisions/0067-k-logs-of-facts.md).
package struct Log: Sendable, Hashable {
    /// What a log is for.
    package enum Kind: Sendable, CaseIterable {
        /// What happened to users, and in pair 0 to apps and keys.
        case facts
        /// Who read, searched and exported what.
        case access
        /// Which root the map of all current states had at which checkpoint of the facts.
        case map
    }

    /// Ten bits of an id are the number of its log.
    package static let pairsMax = 512

    /// What happened to apps and keys, and to the users of pair 0.
    package static let facts = Log(.facts, pair: 0)
    /// Who searched and exported, and who read what of the users of pair 0.
    package static let access = Log(.access, pair: 0)
    /// Of the users of pair 0.
    package static let map = Log(.map, pair: 0)

    /// The number of the first log of maps: no id leads to it.
    private static let mapsBegin = 2 * pairsMax

    /// The number under which its rows are stored, and which its log origin ends in.
    ///
    /// Kind and pair are told from it, and not stored: with Swift 6.3.1 an asynchronous function that is given
    /// more words may overwrite what its caller holds.
    package let id: Int32

    /// The log of a kind and pair; there must be fewer pairs than `pairsMax`.
    package init(_ kind: Kind, pair: Int) {
        precondition(0..<Self.pairsMax ~= pair, "There are 512 pairs of logs at most.")
        switch kind {
        case .facts: id = Int32(2 * pair)
        case .access: id = Int32(2 * pair + 1)
        case .map: id = Int32(Self.mapsBegin + pair)
        }
    }

    package var kind: Kind { id >= Self.mapsBegin ? .map : id % 2 == 0 ? .facts : .access }

    /// From 0 on, less than `pairsMax`.
    package var pair: Int { id >= Self.mapsBegin ? Int(id) - Self.mapsBegin : Int(id) / 2 }

    /// What callers and commands call it: the kind, and the pair where it is not the first.
    package var name: String { pair == 0 ? kind.name : "\(kind.name)-\(pair)" }

    /// The same of the log with this number; the number itself where no log can have it.
    package static func name(id: Int32) -> String { Log(id: id)?.name ?? "\(id)" }

    /// What names it alone, where there are several of its kind: the first, too, has its number.
    package var ownName: String { "\(kind.name)-\(pair)" }

    /// The log with this number; nil for any other one.
    package init?(id: Int32) {
        guard 0..<Self.mapsBegin + Self.pairsMax ~= Int(id) else { return nil }
        self.id = id
    }

    /// The log to which what has this id belongs, where there is such a log.
    package init(of id: Identifier) {
        // Ten bits are the number of a log of events.
        self.id = id.logID
    }

    /// The log that a log origin ends in, as `…/<id>`; nil for any other text.
    package init?(origin: String) {
        guard let end = origin.split(separator: "/").last, let id = Int32(end), end == "\(id)"
        else { return nil }
        self.init(id: id)
    }

    /// The log with this name; nil for any other text.
    package init?(name: String) {
        for kind in Kind.allCases {
            if name == kind.name {
                self.init(kind, pair: 0)
                return
            }
            let prefix = "\(kind.name)-"
            guard name.hasPrefix(prefix), let pair = Int(name.dropFirst(prefix.count)) else {
                continue
            }
            guard 1..<Self.pairsMax ~= pair, name == "\(prefix)\(pair)" else { return nil }
            self.init(kind, pair: pair)
            return
        }
        return nil
    }

    /// Where it is written what happened to the users of the same pair.
    package var facts: Log { Log(.facts, pair: pair) }
    /// Where it is written who read what of them.
    package var access: Log { Log(.access, pair: pair) }
    /// Where the roots of their maps are stated.
    package var map: Log { Log(.map, pair: pair) }
}

extension Log.Kind {
    fileprivate var name: String {
        switch self {
        case .facts: "facts"
        case .access: "access"
        case .map: "map"
        }
    }
}
