internal import Crypto
internal import Wire

/// The journal, put in order for the rules.
struct Visits: Sendable {
    /// The calls that posted the finish of one launch.
    struct Finishes: Sendable {
        let user: String
        /// When the first of them began.
        var begin: Duration
        /// When the first one ended that was told that all is done.
        var acknowledged: Duration?
        /// The sessions of which the clients were told that they are finalized, or rejected.
        ///
        /// By SHA-256.
        var finalizedSessions: Set<String> = []
        var rejectedSessions: Set<String> = []
    }

    /// What was read of one user's tokens.
    struct Read: Sendable {
        let entry: JournalEntry
        let tokens: JournalEntry.TokensRead
    }

    /// The subjects of each user, oldest first: one, if all is well.
    private(set) var subjects: [String: [String]] = [:]
    private(set) var finishes: [String: Finishes] = [:]
    /// The launch whose popup gave a session, by the session's SHA-256.
    private(set) var launchOfSession: [String: String] = [:]
    private(set) var reads: [Read] = []
    /// When a user's acknowledged finishes ended.
    private(set) var finished: [String: [Duration]] = [:]

    init(_ journal: [JournalEntry], _ history: History) {
        for entry in journal {
            switch entry.call {
            case .launch(_, let launched?):
                note(launched.launch, of: entry.user, history)
            case .popup(let launch, .finished(let session, _)):
                launchOfSession[Self.hash(session)] = launch
            case .finish(let launch, let session, let answer):
                note(answer, to: entry, launch, session)
            case .read(let answer, let tokens?) where answer.isAcknowledged:
                reads.append(Read(entry: entry, tokens: tokens))
            case .launch, .popup, .handed, .report, .read:
                break
            }
        }
    }

    private mutating func note(_ launch: String, of user: String, _ history: History) {
        guard let subject = history.launches[launch]?.subject,
            subjects[user]?.contains(subject) != true
        else { return }
        subjects[user, default: []].append(subject)
    }

    private mutating func note(
        _ answer: JournalEntry.Answer,
        to entry: JournalEntry,
        _ launch: String,
        _ session: String
    ) {
        let hash = Self.hash(session)
        var calls = finishes[launch] ?? Finishes(user: entry.user, begin: entry.begin)
        calls.begin = min(entry.begin, calls.begin)
        if answer.isAcknowledged {
            calls.finalizedSessions.insert(hash)
            calls.acknowledged = min(entry.end, calls.acknowledged ?? entry.end)
            finished[entry.user, default: []].append(entry.end)
        }
        if answer.code == "session_rejected" { calls.rejectedSessions.insert(hash) }
        finishes[launch] = calls
    }

    /// The user's subject.
    func subject(of user: String) -> String? { subjects[user]?.first }

    /// As the provider's log writes a session token.
    static func hash(_ session: String) -> String {
        Hexadecimal.encode(SHA256.hash(data: Array(session.utf8)))
    }
}
