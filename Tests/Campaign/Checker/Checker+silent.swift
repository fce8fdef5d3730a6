extension Checker {
    /// Whatever the provider has made is on record: with its tokens, as somebody else's, or openly
    /// lost (docs/threats.md#i7).
    ///
    /// The log names a session by a keyed fingerprint, so a session is found by its launch: one of
    /// whose sessions n were exchanged has at least n finalizes that own up to it.
    func silent() -> [String] {
        let acted = Set(evidence.exchanges.filter(\.acted).map(\.session))
        var counts: [String: Int] = [:]
        var words: [String] = []
        for session in acted {
            if let launch = visits.launchOfSession[session] {
                counts[launch, default: 0] += 1
            } else {
                words.append("a session that no popup gave was exchanged")
            }
        }
        for (launch, count) in counts {
            let ends = history.trails(of: launch).map(\.end)
            let owning = ends.count(where: ownsUp)
            guard owning < count else { continue }
            words.append(
                "the provider made tokens for \(count) sessions of launch \(launch), of which "
                    + "\(owning) are on record; their ends: \(ends)"
            )
        }
        return words + denied(acted)
    }

    /// A finalize that is open in sight of all is the concern of I4.
    private func ownsUp(_ end: FinalizeEnd) -> Bool {
        switch end {
        case .finalized, .refused, .superseded, .lost, .dispatched: true
        case .rejected, .neverSent, .received: false
        }
    }

    /// Which session was rejected, its client knows.
    private func denied(_ acted: Set<String>) -> [String] {
        visits.finishes.flatMap { launch, finishes in
            finishes.rejectedSessions.intersection(acted).map { _ in
                "a session of launch \(launch) was answered as rejected, and tokens were made"
            }
        }
    }
}
