import BoundedClient
import Foundation
import Ledger
import NIOHTTP1
import Wire

/// A service whose events are followed, through as many connections as it takes.
struct TailedService: Sendable {
    let url: String
    let key: Secret
    /// Takes an event, and says whether more are wanted.
    let take: @Sendable (_ data: String) async -> Bool

    /// An event is shorter by far.
    private static let eventBytesMax = 1 << 20
    /// The service says something every fifteen seconds.
    private static let silenceMax: Duration = .seconds(45)
    /// How long to wait before coming again, unless the service says so, and at most.
    private static let pause: Duration = .seconds(1)
    private static let pauseMax: Duration = .seconds(30)
    private static let jsonDepthMax = 8

    /// What must be told between the connections.
    private struct Course {
        var wasOpen = false
        /// How often in a row nothing came of a call.
        var failures = 0
    }

    /// Hands over events until there are no more, nobody reads them, or it is cancelled.
    ///
    /// - Throws: `CommandError` when the service cannot be reached to begin with, or will not tell.
    @Sendable func run() async throws {
        var reader = EventStreamReader(bytesMax: Self.eventBytesMax)
        var course = Course()
        let call = EventStreamCall(
            url: url,
            headers: ["Authorization": "Bearer " + key.exposed],
            silenceMax: Self.silenceMax
        )
        while !Task.isCancelled {
            let failures = course.failures
            let outcome = await call.outcome(&reader) {
                if course.wasOpen, failures > 0 { Terminal.message("Connected again.") }
                course = Course(wasOpen: true)
            } take: { event in
                await take(event.data)
            }
            guard !Task.isCancelled else { return }
            let reason: String
            var wait: Duration?
            switch outcome {
            case .left: return
            case .ended:
                guard !url.hasSuffix("follow=false") else { return }
                reason = "the service has ended it"
            case .refused(let answer):
                wait = try Self.pause(after: answer)
                reason = "the service answers \(answer.status)"
            case .lost(let error):
                guard course.wasOpen else {
                    throw CommandError("The service cannot be reached: \(type(of: error)).")
                }
                reason = "\(type(of: error))"
            }
            course.failures += 1
            let pause = wait ?? Self.pause(course.failures, reader.retry ?? Self.pause)
            let place = reader.lastID.isEmpty ? "from the beginning" : "behind \(reader.lastID)"
            Terminal.message("The connection was lost (\(reason)); going on \(place) …")
            try? await Task.sleep(for: pause)
        }
    }

    /// Twice as long each time, and not all at once.
    private static func pause(_ failures: Int, _ first: Duration) -> Duration {
        let most = min(pauseMax, first * (1 << min(failures - 1, 10)))
        return most * Double.random(in: 0.5...1)
    }

    /// When to come again after a refusal that passes.
    private static func pause(after answer: HTTPAnswer) throws(CommandError) -> Duration {
        if [429, 503].contains(answer.status) {
            let seconds = answer.headers.first(name: "retry-after").flatMap { Int($0) } ?? 1
            return min(pauseMax, .seconds(max(1, seconds)))
        }
        let problem = try? JSONParser.parse(answer.body, depthMax: jsonDepthMax)
        let detail = problem?["detail"]?.text ?? "The answer is not one of Token Ledger."
        throw CommandError("The service refuses (\(answer.status)): \(detail)")
    }

    /// Writes a line, at once; whether anybody reads.
    static func show(_ line: String) -> Bool {
        do {
            try FileHandle.standardOutput.write(contentsOf: Data((line + "\n").utf8))
            return true
        } catch {
            return false
        }
    }
}
