extension Checker {
    /// At most one request for a session reaches the provider (docs/threats.md#i1).
    func oneExchange() -> [String] {
        var counts: [String: Int] = [:]
        for exchange in evidence.exchanges { counts[exchange.session, default: 0] += 1 }
        return counts.filter { $0.value > 1 }.map { session, count in
            let launch = visits.launchOfSession[session] ?? "unknown"
            return "a session of launch \(launch) was exchanged \(count) times"
        }
    }

    /// A finalize has one outcome (docs/threats.md#i3).
    ///
    /// Beside a refusal an answer may also be recorded as superseded: it was kept on disk and read
    /// again after a crash.
    func oneOutcome() -> [String] {
        history.trails.flatMap { trail -> [String] in
            let types = trail.facts.map { $0.isFinalized ? "finalized" : $0.type }
            func count(_ type: String) -> Int { types.count { $0 == type } }
            let answered = count("finalized") + count("finalize.rejected")
            let refused = count("finalize.refused")
            let superseded = count("finalize.superseded")
            var words: [String] = []
            if answered + refused > 1 { words.append("has several outcomes") }
            if superseded > 1 || superseded > 0 && answered > 0 {
                words.append("is superseded, and more than that")
            }
            return words.map { "finalize \(trail.finalize) \($0)" }
        }
    }

    /// Every finalize has ended (docs/threats.md#i4).
    func ended() -> [String] {
        history.trails.compactMap { trail in
            guard trail.received != nil, trail.end.isOpen else { return nil }
            let last = trail.facts.last?.type ?? ""
            return "finalize \(trail.finalize) is still open after \(last)"
        }
    }

    /// The vault holds the sessions of open finalizes only (docs/threats.md#i8).
    func sessions() -> [String] {
        let open = history.trails.count { $0.received != nil && $0.end.isOpen }
        guard evidence.sealedSessions > open else { return [] }
        return ["\(evidence.sealedSessions) sessions are kept for \(open) open finalizes"]
    }
}
