internal import Synchronization

/// What the clients of one world did and saw, in the order in which it ended.
///
/// It is the campaign's own memory: nothing in it comes from the database or from the service's log.
package final class Journal: Sendable {
    private let entries = Mutex<[JournalEntry]>([])
    private let start = ContinuousClock.now

    package init() {}

    /// How long the journal has been kept.
    package var now: Duration { ContinuousClock.now - start }

    /// Everything so far.
    package var all: [JournalEntry] { entries.withLock { $0 } }

    /// Whether a finish that began since then was acknowledged.
    package func hasFinish(since begin: Duration) -> Bool {
        has(since: begin) { entry in
            guard case .finish(_, _, let answer) = entry.call else { return false }
            return answer.isAcknowledged
        }
    }

    /// Whether a copy of the service has acknowledged a launch that began since then.
    package func hasLaunch(since begin: Duration, at copy: String) -> Bool {
        has(since: begin) { entry in
            guard entry.copy == copy, case .launch(let answer, _) = entry.call else { return false }
            return answer.isAcknowledged
        }
    }

    private func has(since begin: Duration, _ matches: (JournalEntry) -> Bool) -> Bool {
        entries.withLock { entries in
            for entry in entries.reversed() {
                guard entry.end >= begin else { return false }
                if entry.begin >= begin, matches(entry) { return true }
            }
            return false
        }
    }

    /// How many launches that began since then were acknowledged.
    package func launches(since begin: Duration) -> Int {
        entries.withLock { entries in
            entries.count { entry in
                guard entry.begin >= begin, case .launch(let answer, _) = entry.call else {
                    return false
                }
                return answer.isAcknowledged
            }
        }
    }

    /// Notes a call that began at `begin` and has ended now, and which copy of the service it was for.
    package func add(
        _ call: JournalEntry.Call,
        of user: String,
        since begin: Duration,
        at copy: String? = nil
    ) {
        let end = now
        entries.withLock {
            $0.append(JournalEntry(user: user, begin: begin, end: end, call: call, copy: copy))
        }
    }
}

/// One call of a client, and what it was answered.
package struct JournalEntry: Sendable {
    /// The user's `clientUserId`; no two apps of a world share one.
    package let user: String
    /// When the call began and ended, by the journal's clock.
    package let begin: Duration
    package let end: Duration
    package let call: Call
    /// Where the copy of the service answers that was called, where that was noted.
    package let copy: String?

    package init(
        user: String,
        begin: Duration,
        end: Duration,
        call: Call,
        copy: String? = nil
    ) {
        self.user = user
        self.begin = begin
        self.end = end
        self.call = call
        self.copy = copy
    }

    package enum Call: Sendable {
        /// `POST /v1/launches`; what was launched, with 201.
        case launch(Answer, Launched?)
        /// The popup was opened with a launch's options.
        case popup(launch: String, PopupEnd)
        /// The finish of a launch was posted.
        case finish(launch: String, session: String, Answer)
        /// `…/closed` or `…/failed` was posted.
        case report(launch: String, Report, Answer)
        /// The public token that a finish was answered with.
        case handed(publicToken: String)
        /// `GET …/tokens`; what was read, with 200.
        case read(Answer, TokensRead?)

        /// What the service answered; nil for what was no call of it.
        package var answer: Answer? {
            switch self {
            case .launch(let answer, _), .finish(_, _, let answer), .report(_, _, let answer),
                .read(let answer, _):
                answer
            case .popup, .handed: nil
            }
        }
    }

    /// What a page tells of a popup that brought nothing; spelled as its event is.
    package enum Report: String, Sendable {
        case closed = "launch.closed"
        case failed = "launch.failed"
    }

    /// What the service answered.
    package struct Answer: Sendable, Equatable {
        /// Nil when no whole answer came.
        package let status: Int?
        /// The problem's code, if it was one.
        package let code: String?

        package init(status: Int?, code: String? = nil) {
            self.status = status
            self.code = code
        }

        /// Whether the service has said that it is done.
        package var isAcknowledged: Bool { status == 200 || status == 201 }
    }

    /// The options of a launch.
    package struct Launched: Sendable {
        package let launch: String
        /// Empty in create mode.
        package let publicToken: String

        package init(launch: String, publicToken: String) {
            self.launch = launch
            self.publicToken = publicToken
        }
    }

    /// How the popup ended, as the sandbox says.
    package enum PopupEnd: Sendable, Equatable {
        /// Done: the page got a session to finish with.
        case finished(session: String, human: String)
        case closed
        /// It did not open: `user_already_exists`, `invalid_public_token` and their like.
        case refused(code: String)
    }

    /// A user's tokens as they were read.
    package struct TokensRead: Sendable {
        /// `connected` or `broken`.
        package let status: String
        /// Empty when the answer names nobody: the provider has deleted the person.
        package let human: String
        package let accessToken: String
        package let publicToken: String
        package let accessVersion: Int
        package let publicVersion: Int

        package init(
            status: String,
            human: String,
            accessToken: String,
            publicToken: String,
            accessVersion: Int,
            publicVersion: Int
        ) {
            self.status = status
            self.human = human
            self.accessToken = accessToken
            self.publicToken = publicToken
            self.accessVersion = accessVersion
            self.publicVersion = publicVersion
        }
    }
}
