import Testing

@Suite("the house rules")
struct HouseRuleTests {
    @Test("the whole tree keeps every rule")
    func treeKeepsRules() throws {
        let files = try SourceTree.sourceFiles.get()
        #expect(files.count > 50, "the tree was not found")
        let violations = files.flatMap { file in
            HouseRule.all.flatMap { rule in rule.check(file) }
        }
        record(violations)
    }

    @Test("a rule accepts what keeps it", arguments: HouseRule.all)
    func ruleAccepts(_ rule: HouseRule) {
        #expect(!rule.kept.isEmpty)
        for sample in rule.kept {
            let violations = rule.check(SourceFile(sample.path, sample.text))
            #expect(violations.isEmpty, "\(sample)")
        }
    }

    @Test("a rule finds what breaks it", arguments: HouseRule.all)
    func ruleFinds(_ rule: HouseRule) {
        #expect(!rule.broken.isEmpty)
        for sample in rule.broken {
            let violations = rule.check(SourceFile(sample.path, sample.text))
            #expect(violations.count == 1, "\(sample)")
        }
    }

    @Test("a violation names the line where it stands")
    func violationNamesLine() {
        let text = "/* a\n\n*/ let a = \"\"\"\n  b\n  \"\"\"\nlet c = try! d()\n"
        let found = HouseRule.all.flatMap { $0.check(SourceFile("Sources/A/A.swift", text)) }
        #expect(found.map(\.line) == [6])
    }
}

/// Makes each violation an issue of its own, so that a run lists them all, readably.
func record(_ violations: [Violation]) {
    for violation in violations {
        Issue.record("\(violation)")
    }
}
