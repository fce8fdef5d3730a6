import Ledger
import LedgerStore
import Postgres
import Wire

/// A map of databases as settings have it: `{"databases": [{"firstPair": 0, "lastPair": 3, "url": "…"}, …]}`.
struct DatabaseMapText {
    fileprivate struct Entry {
        let first: Int
        let last: Int
        let url: Secret
    }

    private let entries: [Entry]

    private static let depthMax = 4
    private static let form =
        "{\"databases\": [{\"firstPair\": 0, \"lastPair\": 3, \"url\": \"postgresql://…\"}, …]}"

    /// Reads it; throws `CommandError`, which tells nothing of what it holds.
    init(_ text: Secret) throws(CommandError) {
        let malformed = CommandError("A map of databases has the form \(Self.form).")
        guard let json = try? JSONParser.parse(Array(text.exposed.utf8), depthMax: Self.depthMax),
            let members = json.members, members.map(\.name) == ["databases"],
            case .array(let list) = members[0].value
        else { throw malformed }
        var entries: [Entry] = []
        for element in list {
            guard let entry = Entry(element) else { throw malformed }
            entries.append(entry)
        }
        self.entries = entries
    }

    /// The map, each database as `read` takes its connection string.
    func map(
        _ read: (Secret) async throws -> PostgresConfiguration
    ) async throws -> DatabaseMap {
        var parts: [DatabaseMap.Part] = []
        for entry in entries {
            parts.append(
                try DatabaseMap.Part(
                    first: entry.first,
                    last: entry.last,
                    database: try await read(entry.url)
                )
            )
        }
        return try DatabaseMap(parts)
    }
}

extension DatabaseMapText.Entry {
    fileprivate init?(_ json: JSONValue) {
        guard let members = json.members,
            Set(members.map(\.name)) == ["firstPair", "lastPair", "url"], members.count == 3,
            case .number(let begin)? = json["firstPair"], case .number(let end)? = json["lastPair"],
            let first = Int(begin), let last = Int(end),
            let url = json["url"]?.text, !url.isEmpty
        else { return nil }
        self.init(first: first, last: last, url: Secret(url))
    }
}
