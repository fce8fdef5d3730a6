internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import Wire

/// What stands in a URL, read by one rule everywhere (docs/integrator.md#user-ids-in-urls).
enum URLText {
    /// Decodes once.
    ///
    /// A plus is a blank to those who write forms and a plus to all others. Either reading could
    /// name another person, so it must be written as `%20` or `%2B`.
    static func decode(
        _ text: some StringProtocol,
        of part: StaticString
    ) throws(LedgerError) -> String {
        guard !text.utf8.contains(UInt8(ascii: "+")) else {
            throw .malformed("A + in the \(part) may mean two things: write %20 or %2B.")
        }
        guard let decoded = PercentCoding.decode(text.utf8) else {
            throw .malformed("The \(part) is not percent-encoded UTF-8.")
        }
        return decoded
    }

    /// A whole number that is not negative, in its one spelling; nil for anything else.
    static func number(_ text: String) -> Int64? {
        guard let number = Int64(text), number >= 0, "\(number)" == text else { return nil }
        return number
    }
}

/// The query of a request: every key known, none twice.
struct Query {
    private var values: [String: String] = [:]

    /// Reads it; where `isForm`, fields that nobody filled in are as though they were not there.
    init(
        _ request: Request,
        keys: Set<String>,
        isForm: Bool = false
    ) throws(LedgerError) {
        guard let raw = request.uri.query else { return }
        for pair in raw.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = try URLText.decode(parts[0], of: "query")
            let value = try URLText.decode(parts.count == 2 ? parts[1] : "", of: "query")
            try take(name, value, keys: keys, isForm: isForm)
        }
    }

    /// The same conditions from the fields of a form.
    init(_ fields: [FormFields.Field], keys: Set<String>) throws(LedgerError) {
        for field in fields { try take(field.name, field.value, keys: keys, isForm: true) }
    }

    private mutating func take(
        _ name: String,
        _ value: String,
        keys: Set<String>,
        isForm: Bool
    ) throws(LedgerError) {
        // PostgreSQL's text cannot hold a zero byte, and nothing here needs the others.
        guard !value.hasControlCharacter else {
            throw .malformed("The query has a control character.")
        }
        guard keys.contains(name) else {
            throw .malformed(
                keys.isEmpty
                    ? "This call takes no query."
                    : "The query has a key that is not known; known are: "
                        + keys.sorted().joined(separator: ", ") + "."
            )
        }
        if isForm, value.isEmpty { return }
        guard values.updateValue(value, forKey: name) == nil else {
            throw .malformed("The key \(name) stands in the query twice.")
        }
    }

    subscript(name: String) -> String? { values[name] }

    /// How many entries a page may have.
    func limit() throws(LedgerError) -> Int {
        guard let text = values["limit"] else { return RequestLimits.pageEntries }
        guard let limit = URLText.number(text).flatMap({ Int(exactly: $0) }),
            (1...RequestLimits.pageEntriesMax).contains(limit)
        else {
            throw .malformed("limit must be 1 to \(RequestLimits.pageEntriesMax).")
        }
        return limit
    }

    /// A whole number that is not negative, or nil where the key is absent.
    func position(_ name: String) throws(LedgerError) -> Int64? {
        guard let text = values[name] else { return nil }
        guard let position = URLText.number(text) else {
            throw .malformed("\(name) must be a position, 0 or greater.")
        }
        return position
    }

    /// The keys that `eventQuery` reads.
    static let eventKeys: Set = ["type", "subject", "since", "until"]

    /// Which events of an app a list or an export shows; never those of another app.
    ///
    /// Only types that exist are taken: the conditions of an export stand in the log for ever, and
    /// free text might hold what must not.
    func eventQuery(of app: StoredApp) throws(LedgerError) -> EventQuery {
        var query = EventQuery(clientID: app.clientID)
        if let text = values["type"] {
            let types = text.split(separator: ",", omittingEmptySubsequences: false)
            for type in types.map(String.init) where !query.types.contains(type) {
                guard LedgerEvent.types.contains(type) else {
                    throw .malformed("type must be one or more event types, with commas between.")
                }
                query.types.append(type)
            }
        }
        if let text = values["subject"] {
            guard let subject = Identifier(text) else {
                throw .malformed("subject must be a UUID.")
            }
            query.subject = subject
        }
        query.since = try time("since")
        query.before = try time("until")
        return query
    }

    /// A time, or nil where the key is absent.
    func time(_ name: String) throws(LedgerError) -> Timestamp? {
        guard let text = values[name] else { return nil }
        guard let time = Timestamp(text) else {
            throw .malformed("\(name) must be an RFC 3339 time, such as 2026-01-31T12:00:00Z.")
        }
        return time
    }
}
