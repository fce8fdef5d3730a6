import Foundation
import Glibc
import LedgerStore
import SeededRandom
import TestSupport
import Testing

/// One after another, for each loads the machine as much as it can.
@Suite("PostgreSQL killed", .serialized, .timeLimit(.minutes(5)))
struct KillTests {
    @Test("all of it, again and again: what was acknowledged is there, and appends go on")
    func everything() async throws {
        try await withStore { cluster, test in
            let answers = try await LaunchLoad.run(on: test) { load in
                for _ in 0..<5 {
                    try await load.more(100)
                    let processes = await cluster.processes()
                    #expect(processes.contains(where: isAlive))
                    try await cluster.kill()
                    #expect(!processes.contains(where: isAlive))
                    try await cluster.start()
                }
                try await load.more(100)
            }
            #expect(answers.errors.contains(.unavailable), "the load has felt it")
            try await answers.check(in: test)
        }
    }

    @Test("one process at work: nothing is left unknown, and appends go on")
    func backend() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        try await withStore { cluster, test in
            let answers = try await LaunchLoad.run(on: test) { load in
                for _ in 0..<5 {
                    try await load.more(100)
                    #expect(try await cluster.killAnyBackend(using: &random), "seed \(seed)")
                }
                try await load.more(100)
            }
            // An append that was settled as written, or made again, was no error to anybody.
            #expect(
                answers.errors.allSatisfy { $0 == .unavailable || $0 == .overloaded },
                "\(answers.errors), seed \(seed)"
            )
            let log = try String(contentsOfFile: await cluster.logPath(), encoding: .utf8)
            #expect(log.contains("was terminated by signal 9"), "seed \(seed)")
            try await answers.check(in: test)
        }
    }

    @Test("all processes can be stopped for a while")
    func stopped() async throws {
        try await withStore { cluster, test in
            let processes = await cluster.processes()
            // At least the first one, and those that write and clean up for it.
            #expect(processes.count > 4)
            for process in processes { kill(process, SIGSTOP) }
            await #expect(throws: StoreError.unavailable) { try await test.user("alice") }
            for process in processes { kill(process, SIGCONT) }
            _ = try await test.launchedUser("alice")
        }
    }

    /// A process that has ended and only waits to be collected has no program any more.
    private func isAlive(_ process: Int32) -> Bool {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/exe")) != nil
    }

    private func withStore(
        _ body: (TestCluster, TestStore) async throws -> Void
    ) async throws {
        try await TestCluster.run(durable: true) { cluster in
            try await TestStore.run(on: cluster) { test in try await body(cluster, test) }
        }
    }
}
