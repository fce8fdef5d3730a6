import LedgerStore
import Wire

/// Something that `doctor` found wrong, with the words that `/readyz` has for a condition.
struct DoctorFinding: Error {
    /// Programs switch on it; it never changes.
    let code: String
    /// `blocking`: the service does not start, is not ready, or trades no session.
    let severity: ReadinessCondition.Severity
    let sentence: String
    let nextStep: String

    init(
        _ code: String,
        _ severity: ReadinessCondition.Severity,
        _ sentence: String,
        nextStep: String
    ) {
        self.code = code
        self.severity = severity
        self.sentence = sentence
        self.nextStep = nextStep
    }

    /// What `/readyz` would say.
    init(_ condition: ReadinessCondition, acceptsUnsafeServer: Bool = false) {
        self.init(
            condition.code,
            condition.severity(acceptsUnsafeServer: acceptsUnsafeServer),
            condition.sentence,
            nextStep: condition.nextStep
        )
    }

    var json: JSONValue {
        [
            "code": .string(code), "severity": .string(severity.rawValue),
            "sentence": .string(sentence), "next_step": .string(nextStep),
        ]
    }
}
