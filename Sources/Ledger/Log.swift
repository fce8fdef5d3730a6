/// One of the logs of a deployment, each with positions and a tree of its own.
package enum Log: Sendable, CaseIterable {
    /// What happened to users, apps and keys.
    case facts
    /// Who read, searched and exported what.
    case access
    /// Which root the map of all current states had at which checkpoint of the facts.
    case map

    /// The logs whose records are events.
    package static let ofEvents: [Log] = [.facts, .access]

    /// The number under which its rows are stored, and which its log origin ends in.
    package var id: Int32 {
        switch self {
        case .facts: 0
        case .access: 1
        case .map: 2
        }
    }

    /// What callers and commands call it.
    package var name: String {
        switch self {
        case .facts: "facts"
        case .access: "access"
        case .map: "map"
        }
    }

    /// The log with this number; nil for any other one.
    package init?(id: Int32) {
        guard let log = Log.allCases.first(where: { $0.id == id }) else { return nil }
        self = log
    }

    /// The log to which what has this id belongs; nil where there is no such log, and so nothing.
    package init?(of id: Identifier) {
        self.init(id: id.logID)
    }

    /// The log with this name; nil for any other text.
    package init?(name: String) {
        guard let log = Log.allCases.first(where: { $0.name == name }) else { return nil }
        self = log
    }
}
