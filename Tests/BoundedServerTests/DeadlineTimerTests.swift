import Foundation
import NIOCore
import NIOPosix
import Testing

@testable import BoundedServer

@Suite("A timer for deadlines", .timeLimit(.minutes(1)))
struct DeadlineTimerTests {
    /// When the deadline passed, from when it was set.
    private static func passing(
        _ body: @escaping @Sendable (DeadlineTimer, NIODeadline) -> Void
    ) async throws -> TimeAmount {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let passed = loop.makePromise(of: NIODeadline.self)
        let begin = NIODeadline.now()
        let timer = try await loop.submit {
            let timer = DeadlineTimer(on: loop) { passed.succeed(.now()) }
            body(timer, begin)
            return NIOLoopBound(timer, eventLoop: loop)
        }.get()
        let end = try await passed.futureResult.get()
        try await loop.submit { timer.value.cancel() }.get()
        try await group.shutdownGracefully()
        return end - begin
    }

    @Test("a deadline passes when it was set for, however often it was moved")
    func moved() async throws {
        let time = try await Self.passing { timer, begin in
            timer.set(begin + .seconds(30))
            timer.set(nil)
            timer.set(begin + .milliseconds(100))
            timer.set(begin + .milliseconds(300))
        }
        #expect(time >= .milliseconds(300))
        #expect(time < .seconds(20))
    }

    @Test("a process that stood still looks once more before anybody is late")
    func standstill() async throws {
        let time = try await Self.passing { timer, begin in
            timer.set(begin + .milliseconds(100))
            Thread.sleep(forTimeInterval: 1.5)
        }
        #expect(time >= .milliseconds(2_400))
    }
}
