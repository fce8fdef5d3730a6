internal import Wire

/// Which events are followed; all conditions hold together.
public struct TailSelection: Sendable {
    /// Where it begins when nothing was read yet.
    public enum Start: Sendable {
        /// With everything that stands in the log.
        case beginning
        /// At that position.
        case position(Int64)
        /// With what comes.
        case end
    }

    /// Where it begins; the id of an event that was read counts more.
    public var start: Start
    /// Which log, such as `facts-1`, where the ledger has several; nil for all, or the one of the user who is named.
    ///
    /// A position is one of one log, so one must be named with `.position`: `facts-0` is the first alone.
    public var log: String?
    /// Only events of these types; empty for all.
    public var types: [String]
    /// Only events of this pseudonym.
    public var subject: String?
    /// Only events of this user, by your own id.
    public var clientUserID: String?
    /// Ends where the log ends when the call begins, instead of waiting for what comes.
    public var endsWithLog: Bool

    /// Selects events; all that come, unless said otherwise.
    public init(
        start: Start = .beginning,
        log: String? = nil,
        types: [String] = [],
        subject: String? = nil,
        clientUserID: String? = nil,
        endsWithLog: Bool = false
    ) {
        self.start = start
        self.log = log
        self.types = types
        self.subject = subject
        self.clientUserID = clientUserID
        self.endsWithLog = endsWithLog
    }

    /// The selection as the query of a URL.
    var query: String {
        var fields: [(String, String)] = []
        switch start {
        case .beginning: break
        case .position(let position): fields.append(("from_position", "\(position)"))
        case .end: fields.append(("from_position", "end"))
        }
        if let log { fields.append(("log", log)) }
        if !types.isEmpty { fields.append(("type", types.joined(separator: ","))) }
        if let subject { fields.append(("subject", subject)) }
        if let clientUserID { fields.append(("user", clientUserID)) }
        if endsWithLog { fields.append(("follow", "false")) }
        return fields.map { name, value in
            name + "=" + PercentCoding.encode(value, keeping: .unreserved)
        }.joined(separator: "&")
    }
}
