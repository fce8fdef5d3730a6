import Wire

/// One thing that `doctor` looks at: what it saw, and what is wrong with it.
struct DoctorCheck {
    let name: String
    /// What was seen, in order.
    var facts: [(name: String, value: String)] = []
    var findings: [DoctorFinding] = []
    /// Why it could not be looked at, or not wholly.
    var gap: String?

    init(_ name: String) {
        self.name = name
    }

    /// One that could not be made.
    init(_ name: String, gap: String) {
        self.name = name
        self.gap = gap
    }

    /// Notes one more thing that could not be looked at.
    mutating func miss(_ what: String) {
        gap = gap.map { $0 + "; " + what } ?? what
    }

    mutating func note(_ name: String, _ value: String) {
        facts.append((name, value))
    }

    mutating func find(_ finding: DoctorFinding) {
        findings.append(finding)
    }

    var json: JSONValue {
        [
            "name": .string(name),
            "facts": .array(
                facts.map { ["name": .string($0.name), "value": .string($0.value)] }
            ),
            "findings": .array(findings.map(\.json)),
            "gap": gap.map { .string($0) } ?? .null,
        ]
    }
}
