import Campaign
import SeededRandom
import Testing

/// What is true must not be called a violation.
@Suite(.timeLimit(.minutes(2)))
struct CleanHistoryTests {
    @Test("a truthful history keeps every promise")
    func clean() {
        #expect(Checker.violations(in: Story.clean.evidence) == [])
    }

    @Test("its tally counts what happened")
    func tally() {
        let tally = Tally(Story.clean.evidence)
        #expect(tally.acknowledged == 27)
        #expect(tally.finalizes == 12)
        #expect(tally.lost == 0)
        #expect(tally.duplicated == 0)
        #expect(tally.unresolved == 2)
        #expect(tally.exchanges == 11)
    }

    @Test(
        "no violation in a random truthful history of 300 users",
        arguments: 1...8 as ClosedRange<UInt64>
    )
    func random(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var story = Story()
        story.random = SeededRandom(seed: seed + 1_000)
        for _ in 0..<2_000 {
            story.visit("user-\(Int.random(in: 0..<300, using: &random))", &random)
        }
        #expect(Checker.violations(in: story.evidence) == [])
    }
}

extension Story {
    /// Two users, and everything that may become of a finish.
    static var clean: Story {
        var story = Story()
        story.read("ann")
        story.connect("ann")
        story.read("ann")
        story.connect("bob")
        story.report("ann", .closed)
        story.report("bob", .failed)
        story.connect("ann")
        story.read("ann")
        story.read("bob")
        story.lose("bob")
        story.read("bob")
        story.supersede("ann")
        story.comeLate("bob")
        story.reject("ann")
        story.refuse("bob")
        story.giveUp("ann")
        story.overtake("bob")
        story.read("ann")
        story.read("bob")
        return story
    }

    /// One visit of some kind.
    mutating func visit(_ user: String, _ random: inout SeededRandom) {
        switch Int.random(in: 0..<15, using: &random) {
        case 0...2: connect(user)
        case 3...5: read(user)
        case 6: report(user, Bool.random(using: &random) ? .closed : .failed)
        case 7: lose(user, acts: Bool.random(using: &random))
        case 8: supersede(user)
        case 9: comeLate(user)
        case 10: reject(user)
        case 11: refuse(user)
        case 12: giveUp(user)
        case 13: overtake(user)
        default: delete(user)
        }
    }
}
