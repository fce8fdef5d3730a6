internal import Wire

/// Decides from the evidence whether the promises were kept
/// (docs/threats.md#56-invariants).
///
/// An independent witness: it reads records as JSON and uses neither the fold nor the store nor
/// the vault, so that a defect of theirs cannot hide itself.
package struct Checker: Sendable {
    let evidence: Evidence
    let history: History
    let visits: Visits

    init(_ evidence: Evidence) {
        self.evidence = evidence
        history = History(evidence.facts)
        visits = Visits(evidence.journal, history)
    }

    /// Every promise that was not kept, by rule.
    package static func violations(in evidence: Evidence) -> [Violation] {
        Checker(evidence).violations
    }

    var violations: [Violation] {
        Rule.allCases.flatMap { rule in
            violations(of: rule).sorted { $0.words < $1.words }
        }
    }

    func violations(of rule: Rule) -> [Violation] {
        let words =
            switch rule {
            case .acknowledged: acknowledged()
            case .duplicated: duplicated()
            case .oneExchange: oneExchange()
            case .order: order()
            case .oneOutcome: oneOutcome()
            case .ended: ended()
            case .served: served()
            case .bijection: bijection()
            case .silent: silent()
            case .sessions: sessions()
            case .secrets: secrets()
            case .stale: stale()
            case .read: read()
            case .stuck: stuck()
            // The round judges these: it knows what was done, and runs `token-ledger verify`.
            case .answersKept, .ready, .replay: [String]()
            }
        return words.map { Violation(rule, $0) }
    }
}
