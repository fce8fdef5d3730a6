import Campaign
import Crypto
import SeededRandom
import Wire

/// A truthful history of a world, written call by call: what clients saw, what the log and the
/// access log hold, and what the provider did fit each other.
///
/// What it holds can be doctored before the evidence is taken. Subject versions are counted then,
/// so that an event can be taken out without leaving a hole.
struct Story {
    /// An event before it is counted.
    struct Event {
        var id: String
        var type: String
        var subject: String
        /// Its number among the subject's events, where that is not the next one; 0 for none.
        var version: Int?
        var data: [(String, JSONValue)]

        subscript(name: String) -> JSONValue? {
            get { data.first { $0.0 == name }?.1 }
            set {
                data.removeAll { $0.0 == name }
                if let newValue { data.append((name, newValue)) }
            }
        }
    }

    /// A user as the ledger and the provider know it.
    struct User {
        let subject: String
        /// The person's fingerprint in the log.
        var human: String
        var person: ProviderUser
        var isLinked = false
        /// The versions that the ledger holds, and the access token of the last.
        var access = 0
        var publicToken = 0
        var held = ("", "")
    }

    var events: [Event] = []
    var accesses: [Event] = []
    /// Journal, exchanges and the rest; facts and accesses are taken from above.
    var other = Evidence()
    var users: [String: User] = [:]
    /// Where calls take longer than what they do.
    var random: SeededRandom?
    var editLaunches: Set<String> = []
    private var clock = Duration.zero
    private var serial = 0

    /// The evidence as it stands.
    var evidence: Evidence {
        var evidence = other
        var versions: [String: Int] = [:]
        evidence.facts = events.map { event in
            versions[event.subject, default: 0] += 1
            let version = event.version ?? versions[event.subject]
            return Self.record(event, version == 0 ? nil : version)
        }
        evidence.accesses = accesses.map { Self.record($0, nil) }
        evidence.providerUsers = users.mapValues(\.person)
        return evidence
    }

    private static func record(_ event: Event, _ version: Int?) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("specversion", "1.0"), .init("id", .string(event.id)),
            .init("source", "/apps/demo"), .init("type", .string(event.type)),
            .init("subject", .string(event.subject)),
        ]
        if let version { members.append(.init("subjectversion", .number("\(version)"))) }
        let data = event.data.map { JSONValue.Member($0.0, $0.1) }
        return .object(members + [.init("data", .object(data))])
    }
}

// MARK: Parts

extension Story {
    /// A name that nothing else has.
    mutating func name(_ noun: String) -> String {
        serial += 1
        return "\(noun)-\(serial)"
    }

    /// A value that looks like a token; every one is another.
    mutating func secret(_ noun: String) -> String {
        let digits = Self.hash(name(noun))
        let value = noun == "access" ? "\(digits.prefix(27))=\(digits)\(digits)-_" : digits
        other.secrets.insert(value)
        return value
    }

    static func hash(_ value: String) -> String {
        Hexadecimal.encode(SHA256.hash(data: Array(value.utf8)))
    }

    /// The clock's next moment.
    mutating func tick() -> Duration {
        clock += .milliseconds(10)
        return clock
    }

    /// Some time, where calls take longer than what they do.
    private mutating func slack() -> Duration {
        guard var random else { return .zero }
        let milliseconds = Int.random(in: 0..<40, using: &random)
        self.random = random
        return .milliseconds(milliseconds)
    }

    /// Notes a call that began then and ends now.
    mutating func journal(_ call: JournalEntry.Call, of user: String, since begin: Duration) {
        let begin = begin - slack()
        let end = tick() + slack()
        other.journal.append(JournalEntry(user: user, begin: begin, end: end, call: call))
    }

    /// Changes the last event of a type.
    mutating func edit(_ type: String, _ change: (inout Event) -> Void) {
        guard let index = events.lastIndex(where: { $0.type == type }) else {
            preconditionFailure("The story has no \(type).")
        }
        change(&events[index])
    }

    /// Takes the last event of a type out.
    @discardableResult
    mutating func remove(_ type: String) -> Event {
        guard let index = events.lastIndex(where: { $0.type == type }) else {
            preconditionFailure("The story has no \(type).")
        }
        return events.remove(at: index)
    }

    /// Writes an event once more, as one of its own.
    mutating func again(_ type: String, _ change: (inout Event) -> Void = { _ in }) {
        guard var event = events.last(where: { $0.type == type }) else {
            preconditionFailure("The story has no \(type).")
        }
        event.id = name("event")
        change(&event)
        events.append(event)
    }

    mutating func event(_ type: String, _ user: String, _ data: [(String, JSONValue)]) {
        let id = name("event")
        let subject = users[user]?.subject ?? ""
        events.append(Event(id: id, type: type, subject: subject, data: data))
    }

    fileprivate mutating func meet(_ user: String) {
        guard users[user] == nil else { return }
        users[user] = User(
            subject: name("subject"),
            human: name("fingerprint"),
            person: ProviderUser(
                human: secret("human"),
                publicToken: secret("public"),
                accessTokens: []
            )
        )
    }
}

// MARK: Calls

extension Story {
    /// The user is launched: in edit mode if the ledger holds a token of a linked person.
    @discardableResult
    mutating func launch(_ user: String) -> String {
        meet(user)
        let begin = tick()
        let launch = name("launch")
        let isEdit = users[user]?.isLinked == true && users[user]?.publicToken ?? 0 > 0
        var data: [(String, JSONValue)] = [("launch", .string(launch)), ("finish", "relay")]
        if isEdit {
            editLaunches.insert(launch)
            data.append(("public_token_version", .number("\(users[user]?.publicToken ?? 0)")))
        }
        event(isEdit ? "edit.launched" : "connect.launched", user, data)
        let token = isEdit ? users[user]?.held.1 ?? "" : ""
        let launched = JournalEntry.Launched(launch: launch, publicToken: token)
        journal(.launch(.init(status: 201), launched), of: user, since: begin)
        return launch
    }

    /// The popup is finished; gives the session.
    mutating func popup(_ user: String, _ launch: String) -> String {
        let begin = tick()
        let session = secret("session")
        let human = users[user]?.person.human ?? ""
        journal(
            .popup(launch: launch, .finished(session: session, human: human)),
            of: user,
            since: begin
        )
        return session
    }

    mutating func report(_ user: String, _ report: JournalEntry.Report) {
        let launch = launch(user)
        let begin = tick()
        var data: [(String, JSONValue)] = [("launch", .string(launch))]
        if report == .failed { data.append(("code", "other")) }
        event(report.rawValue, user, data)
        journal(.popup(launch: launch, .closed), of: user, since: begin)
        journal(.report(launch: launch, report, .init(status: 200)), of: user, since: begin)
    }

    /// Reads the tokens as they would be if the ledger held something else.
    mutating func read(_ user: String, as doctor: (inout User) -> Void) {
        let state = users[user]
        if var doctored = state {
            doctor(&doctored)
            users[user] = doctored
        }
        read(user)
        users[user] = state
    }

    /// Moves the last call to another time.
    mutating func move(begin: Duration, end: Duration) {
        guard let last = other.journal.popLast() else { return }
        other.journal.append(
            JournalEntry(user: last.user, begin: begin, end: end, call: last.call)
        )
    }

    mutating func read(_ user: String) {
        guard let state = users[user] else { return }
        let begin = tick()
        guard state.access > 0, state.publicToken > 0 else {
            let answer = JournalEntry.Answer(status: 404, code: "not_connected")
            return journal(.read(answer, nil), of: user, since: begin)
        }
        for (kind, version) in [
            ("access_token", state.access), ("public_token", state.publicToken),
        ] {
            accesses.append(
                Event(
                    id: name("access"),
                    type: "token.read",
                    subject: state.subject,
                    data: [
                        ("kind", .string(kind)), ("version", .number("\(version)")), ("key", "key"),
                    ]
                )
            )
        }
        let tokens = JournalEntry.TokensRead(
            status: "connected",
            human: state.isLinked ? state.person.human : "",
            accessToken: state.held.0,
            publicToken: state.held.1,
            accessVersion: state.access,
            publicVersion: state.publicToken
        )
        journal(.read(.init(status: 200), tokens), of: user, since: begin)
    }
}
