/// A readable account of a run: numbered steps, what was found, and a mark for each check.
struct Transcript {
    private(set) var steps = 0
    private(set) var checks = 0

    /// A step that did not hold.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Begins a step.
    mutating func step(_ title: String) {
        steps += 1
        Terminal.result("\n\(Terminal.bold("\(steps). \(title)"))")
    }

    /// Tells something that needs no check.
    func tell(_ text: String) {
        Terminal.result("   \(Terminal.faint(text))")
    }

    /// Checks something and ends the run when it does not hold.
    mutating func check(_ holds: Bool, _ sentence: String, _ found: String? = nil) throws {
        guard holds else {
            let detail = found.map { " – found: \($0)" } ?? ""
            Terminal.result("   \(Terminal.red("✗")) \(sentence)\(detail)")
            throw Failure(description: "Step \(steps) did not hold: \(sentence)\(detail)")
        }
        checks += 1
        Terminal.result("   \(Terminal.green("✓")) \(sentence)")
    }
}
