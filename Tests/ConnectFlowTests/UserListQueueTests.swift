import Ledger
import Testing

@testable import ConnectFlow

@Suite("Who waits for a list of users")
struct UserListQueueTests {
    private var queue = UserListQueue<String>()

    private mutating func join(_ name: String) throws -> (number: UInt64, reads: Bool) {
        let joined = queue.join(Secret(name), name)
        return try #require(joined)
    }

    @Test("the first one reads for all who are there, who comes later waits for the next reading")
    mutating func crowds() throws {
        let first = try join("first")
        let second = try join("second")
        #expect(first.reads && !second.reads)
        let crowd = queue.crowd()
        let late = try join("late")
        #expect(!late.reads)
        #expect(queue.answered(crowd).map(\.waiter) == ["first", "second"])
        #expect(queue.leave(second.number) == nil)
        #expect(queue.leave(first.number) == "late", "he reads next")
        #expect(queue.crowd().map(\.clientUserID) == [Secret("late")])
        #expect(queue.answered(queue.crowd()).count == 1)
        #expect(queue.leave(late.number) == nil)
        #expect(queue.isIdle)
    }

    @Test("a reader who goes without an answer hands over to one who waits")
    mutating func handOver() throws {
        let first = try join("first")
        let second = try join("second")
        _ = try join("third")
        #expect(queue.leave(first.number) == "second")
        #expect(queue.crowd().map(\.clientUserID) == [Secret("second"), Secret("third")])
        #expect(queue.leave(second.number) == "third")
        #expect(!queue.isIdle)
    }

    @Test("who has gone is not answered")
    mutating func gone() throws {
        _ = try join("reader")
        let gone = try join("gone")
        let crowd = queue.crowd()
        #expect(queue.leave(gone.number) == nil)
        #expect(queue.answered(crowd).map(\.waiter) == ["reader"])
    }

    @Test("so many may wait, and no more")
    mutating func bound() throws {
        for _ in 0..<FlowLimits.listWaitersMax { _ = try join("x") }
        #expect(queue.join(Secret("x"), "x") == nil)
    }
}
