extension Checker {
    /// Launched before received before dispatched before the outcome, each by position
    /// (docs/threats.md#i2).
    func order() -> [String] {
        let steps = history.trails.flatMap { trail in
            var steps = FinalizeOrder()
            for fact in trail.facts {
                steps.take(fact, launched: fact["launch"].flatMap { history.launches[$0] })
            }
            return steps.words.map { "finalize \(trail.finalize): \($0)" }
        }
        return steps + rotations()
    }

    /// A finalize that brings tokens is one append: a rotation stands directly behind it.
    private func rotations() -> [String] {
        history.facts.compactMap { fact in
            guard let cause = fact["cause"],
                let finalized = history.finalizes[cause]?.finalized?.position,
                !(finalized + 1...finalized + 2).contains(fact.position)
            else { return nil }
            return "finalize \(cause): \(fact.type) at \(fact.position), finalized at \(finalized)"
        }
    }
}

/// Goes along the events of one finalize and notes what may not follow what came before.
private struct FinalizeOrder {
    private(set) var words: [String] = []
    private var received: Int?
    private var dispatches = 0
    private var hasOutcome = false
    /// It was perhaps sent, as far as the log knows.
    private var mayBeSent = false
    /// What came of it is not known, so that it may not be sent again.
    private var isUncertain = false
    private var wasUnresolved = false

    mutating func take(_ fact: Fact, launched: Fact?) {
        if fact.type == "finish.received" {
            receive(fact, launched)
            return
        }
        if received == nil { note(fact, "without finish.received") }
        switch fact.type {
        case "exchange.dispatched": dispatch(fact)
        case "finalize.unresolved":
            if dispatches == 0 { note(fact, "before a dispatch") }
            if hasOutcome { note(fact, "after the outcome") }
            wasUnresolved = true
            mayBeSent = fact["class"] != "not_sent"
            // A worker that was taken for lost may know that nothing was sent, and go on.
            isUncertain = fact["class"] != "not_sent" && fact["class"] != "worker_lost"
        case "finalize.abandoned": abandon(fact)
        case "finalize.refused" where dispatches == 0:
            // About somebody else than before: intent and refusal are one append.
            if let received, fact.position != received + 1 { note(fact, "before a dispatch") }
            hasOutcome = true
        default:
            if dispatches == 0 { note(fact, "before a dispatch") }
            hasOutcome = true
        }
    }

    private mutating func receive(_ fact: Fact, _ launched: Fact?) {
        if received == nil { received = fact.position }
        guard let launched, launched.position < fact.position else {
            return note(fact, "before its launch")
        }
        if launched.subject != fact.subject { note(fact, "for a launch of somebody else") }
    }

    private mutating func abandon(_ fact: Fact) {
        if hasOutcome { note(fact, "after the outcome") }
        if fact["reason"] == "answer_lost" {
            if !wasUnresolved { note(fact, "never unresolved") }
        } else {
            if mayBeSent { note(fact, "although it may have been sent") }
            // Nobody has a session any more to send.
            hasOutcome = true
        }
    }

    private mutating func dispatch(_ fact: Fact) {
        dispatches += 1
        mayBeSent = true
        if fact.number("number") != dispatches { note(fact, "is not number \(dispatches)") }
        if hasOutcome { note(fact, "after the outcome") }
        if isUncertain { note(fact, "although it may have been sent") }
    }

    private mutating func note(_ fact: Fact, _ what: String) {
        words.append("\(fact.type) at \(fact.position) \(what)")
    }
}
