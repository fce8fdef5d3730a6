import Synchronization
import Testing

@testable import LedgerStore

@Suite("Answers that many ask for", .timeLimit(.minutes(1)))
struct SharedAnswersTests {
    @Test("who asks while somebody does gets that one's answer, and it is kept")
    func oneAsks() async throws {
        let answers = SharedAnswers<Int, String>(costMax: 10_000)
        let asked = Asked()
        let gate = Gate()
        try await withThrowingTaskGroup(of: String?.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    try await answers.answer(to: 7, cost: \.count) { () async throws(StoreError) in
                        asked.note()
                        await gate.wait()
                        return "seven"
                    }
                }
            }
            try await Task.sleep(for: .milliseconds(50))
            await gate.open()
            for try await answer in group { #expect(answer == "seven") }
        }
        #expect(asked.count == 1)
        let kept = try await answers.answer(to: 7) { () throws(StoreError) in throw .defect }
        #expect(kept == "seven")
    }

    @Test(
        "a failure is everybody's who waited, and the next one asks anew; so is that there is none"
    )
    func failures() async throws {
        let answers = SharedAnswers<Int, String>(costMax: 100)
        await #expect(throws: StoreError.overloaded) {
            try await answers.answer(to: 1) { () throws(StoreError) in throw .overloaded }
        }
        #expect(try await answers.answer(to: 1) { () throws(StoreError) in nil } == nil)
        #expect(try await answers.answer(to: 1) { () throws(StoreError) in "one" } == "one")
    }

    @Test("when the one who asks goes away, one of those who wait asks")
    func leaderLeaves() async throws {
        let answers = SharedAnswers<Int, String>(costMax: 100)
        let isAsking = Gate()
        try await withThrowingTaskGroup(of: String?.self) { group in
            group.addTask {
                try? await answers.answer(to: 1) { () async throws(StoreError) in
                    await isAsking.open()
                    try? await Task.sleep(for: .seconds(60))
                    throw .unavailable
                }
            }
            await isAsking.wait()
            let follower = Task {
                try await answers.answer(to: 1) { () throws(StoreError) in "one" }
            }
            try await Task.sleep(for: .milliseconds(50))
            group.cancelAll()
            #expect(try await follower.value == "one")
        }
    }

    @Test("what is kept is bounded, and what is asked for again and again stays for a while")
    func bounded() async throws {
        let answers = SharedAnswers<Int, Int>(costMax: 10 * 266)
        let asked = Asked()
        for number in 0..<1_000 {
            _ = try await answers.answer(to: number, cost: { _ in 10 }) { () throws(StoreError) in
                asked.note()
                return number
            }
        }
        for number in 0..<1_000 {
            _ = try await answers.answer(to: number, cost: { _ in 10 }) { () throws(StoreError) in
                asked.note()
                return number
            }
        }
        // At most ten of the first thousand were still there.
        #expect(asked.count >= 1_990)
        #expect(try await answers.answer(to: 999) { () throws(StoreError) in throw .defect } == 999)
    }

    @Test("an answer that was asked for before it was forgotten is not kept")
    func outdated() async throws {
        let answers = SharedAnswers<Int, Int>(costMax: 10_000)
        let first = try await answers.answer(to: 1) { () throws(StoreError) in
            answers.forget(1)
            return 1
        }
        #expect(first == 1)
        #expect(try await answers.answer(to: 1) { () throws(StoreError) in 2 } == 2)
        #expect(try await answers.answer(to: 1) { () throws(StoreError) in 3 } == 2)
    }

    @Test("an answer with an age is asked for again, and one that is forgotten at once")
    func ages() async throws {
        let answers = SharedAnswers<Int, Int>(costMax: .max, keepsFor: .seconds(2))
        #expect(try await answers.answer(to: 1) { () throws(StoreError) in 1 } == 1)
        #expect(try await answers.answer(to: 1) { () throws(StoreError) in 2 } == 1)
        answers.forget(1)
        #expect(try await answers.answer(to: 1) { () throws(StoreError) in 3 } == 3)
        try await Task.sleep(for: .milliseconds(2_050))
        #expect(try await answers.answer(to: 1) { () throws(StoreError) in 4 } == 4)
    }
}

/// How often somebody asked.
private final class Asked: Sendable {
    private let value = Atomic(0)

    var count: Int { value.load(ordering: .relaxed) }

    func note() { value.add(1, ordering: .relaxed) }
}

/// Holds those who wait until it is opened.
private actor Gate {
    private var isOpen = false
    private var waiters: [CheckedContinuation<Void, Never>] = []

    func wait() async {
        guard !isOpen else { return }
        await withCheckedContinuation { waiters.append($0) }
    }

    func open() {
        isOpen = true
        for waiter in waiters { waiter.resume() }
        waiters = []
    }
}
