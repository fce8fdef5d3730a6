extension Checker {
    /// Each user's tokens are one register, and whoever uses it sees a single order
    /// (docs/threats.md#g5).
    ///
    /// In general it is hard to tell whether a history can be put in one order. Here every write
    /// has a number, the version, and every read names the number that it saw, so only one order
    /// is possible, and it fits the clients' clock exactly if these hold: who begins after a
    /// finish was acknowledged, or a read was answered, finds at least what that one had; and
    /// nobody reads a version before the finish that brings it has begun. Calls that overlap may
    /// stand either way, and a finish without an acknowledgement may take effect at any later
    /// time.
    ///
    /// A launch that is acknowledged is one more such write: whoever finishes or reports finds it.
    func stale() -> [String] {
        var registers: [String: TokenRegister] = [:]
        for (launch, finishes) in visits.finishes {
            guard let held = history.heldAfter(launch: launch) else { continue }
            registers[finishes.user, default: .init()].finished(launch, finishes, held)
        }
        for entry in evidence.journal {
            guard case .read(let answer, let tokens) = entry.call else { continue }
            registers[entry.user, default: .init()].answered(entry, answer, tokens)
        }
        return registers.flatMap { user, register in
            register.words().map { "\(user): \($0)" }
        } + visits.reads.flatMap(early) + unknownLaunches()
    }

    /// The versions of a read of which no finish had begun when it ended.
    private func early(_ read: Visits.Read) -> [String] {
        guard let subject = visits.subject(of: read.entry.user) else { return [] }
        let versions = [
            (TokenKind.access, read.tokens.accessVersion),
            (TokenKind.publicToken, read.tokens.publicVersion),
        ]
        return versions.compactMap { kind, version in
            let token = IssuedToken(subject: subject, kind: kind, version: version)
            // A recovered token has no finish.
            guard let cause = history.issues[token]?["cause"],
                let launch = history.finalizes[cause]?.launch
            else { return nil }
            if let begin = visits.finishes[launch]?.begin, begin <= read.entry.end { return nil }
            return "\(read.entry.user): \(kind.rawValue) \(version) was read before its finish"
        }
    }

    private func unknownLaunches() -> [String] {
        evidence.journal.compactMap { entry in
            switch entry.call {
            case .finish(let launch, _, let answer), .report(let launch, _, let answer):
                answer.code == "launch_not_found" && history.launches[launch] != nil
                    ? "launch \(launch) was not found" : nil
            case .launch, .popup, .handed, .read: nil
            }
        }
    }
}

/// What the clients of one user's tokens did and saw.
private struct TokenRegister {
    private struct Moment {
        let time: Duration
        let held: HeldVersions
        let name: String
    }

    /// Calls that have ended, with what was there at the latest by then.
    private var bounds: [Moment] = []
    /// Calls that began, with what they found or left.
    private var calls: [Moment] = []

    mutating func finished(_ launch: String, _ finishes: Visits.Finishes, _ held: HeldVersions) {
        let name = "the finish of launch \(launch)"
        calls.append(Moment(time: finishes.begin, held: held, name: name))
        guard let acknowledged = finishes.acknowledged else { return }
        bounds.append(Moment(time: acknowledged, held: held, name: name))
    }

    mutating func answered(
        _ entry: JournalEntry,
        _ answer: JournalEntry.Answer,
        _ tokens: JournalEntry.TokensRead?
    ) {
        // Tokens stay readable for ever, so who finds none was there before the first.
        guard tokens != nil || answer.code == "not_connected" else { return }
        let held = HeldVersions(
            access: tokens?.accessVersion ?? 0,
            publicToken: tokens?.publicVersion ?? 0
        )
        let name = "a read that began after \(entry.begin)"
        calls.append(Moment(time: entry.begin, held: held, name: name))
        bounds.append(Moment(time: entry.end, held: held, name: name))
    }

    /// Goes along the clock, with the most that any call that has ended had seen.
    func words() -> [String] {
        let bounds = bounds.sorted { $0.time < $1.time }
        var next = 0
        var words: [String] = []
        var least = HeldVersions()
        for call in calls.sorted(by: { $0.time < $1.time }) {
            while next < bounds.count, bounds[next].time < call.time {
                least.access = max(least.access, bounds[next].held.access)
                least.publicToken = max(least.publicToken, bounds[next].held.publicToken)
                next += 1
            }
            for kind in [TokenKind.access, .publicToken] where call.held[kind] < least[kind] {
                words.append(
                    "\(call.name) has \(kind.rawValue) \(call.held[kind]) after \(least[kind])"
                )
            }
        }
        return words
    }
}
