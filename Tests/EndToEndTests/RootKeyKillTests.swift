import Foundation
import Postgres
import Subprocess
import Synchronization
import TestSupport
import Testing

/// How often a change of the root key is killed; more with `ROTATION_KILLS=50` (docs/threats.md#g19).
private let kills = ProcessInfo.processInfo.environment["ROTATION_KILLS"].flatMap { Int($0) } ?? 8

/// `token-ledger root-key rotate` that is killed again and again, beside a service that reads.
@Suite("a change of the root key that is killed", .timeLimit(.minutes(15)))
struct RootKeyKillTests {
    private static let users = 1_500
    private static let callers = 16
    /// A rotation that has done nothing by then waits for something else.
    private static let workTimeMax = Duration.seconds(60)

    /// What the reader has to tell, and when it shall end.
    private final class Reads: Sendable {
        let count = Mutex(0)
        let isOver = Atomic(false)
    }

    /// Two root keys, each of which is the current one in turn.
    private struct Keys {
        var current: String
        var other: String

        var settings: [String: String] {
            ["TOKEN_LEDGER_ROOT_KEY_FILE": current, "TOKEN_LEDGER_OTHER_ROOT_KEY_FILE": other]
        }

        mutating func exchange() { swap(&current, &other) }
    }

    @Test(
        "no read fails, it goes on when it is run again, and the old key is not needed afterwards"
    )
    func killed() async throws {
        try await TestProgramFolder.lend { folder in
            let database = try await TestPostgres.freshDatabase()
            let setup = try await TestServe.prepare(in: folder, owner: database.url)
            let owner = try await PostgresConnection.connect(
                PostgresConfiguration(url: database.url)
            )
            let new = folder.path + "/new.key"
            _ = try await TestProgram.output(of: ["root-key", "create", new])
            var keys = Keys(current: new, other: folder.path + "/root.key")
            try await TestServe.run(setup.with(keys.settings)) { serve in
                try await launchAll(serve)
                let reads = Reads()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await Self.read(serve, reads) }
                    try await killAgainAndAgain(&keys, setup, owner, folder)
                    try await rotateToTheEnd(&keys, new, setup)
                    reads.isOver.store(true, ordering: .releasing)
                    try await group.waitForAll()
                }
                #expect(reads.count.withLock { $0 } > 10 * kills, "it was read meanwhile")
            }
            try await expectNewAlone(setup, new)
            await owner.close()
        }
    }

    private func launchAll(_ serve: TestServe) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for caller in 0..<Self.callers {
                group.addTask {
                    for number in stride(from: caller, to: Self.users, by: Self.callers) {
                        let status = try await serve.launch("user-\(number)").status
                        try #require(status == 201)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Reads without a pause: single users, and now and then the ids of all, for each of which a
    /// user's key is unwrapped.
    private static func read(_ serve: TestServe, _ reads: Reads) async throws {
        while !reads.isOver.load(ordering: .acquiring) {
            for number in 0..<20 {
                let user = try await serve.get("/v1/users/user-\((number * 67) % users)")
                #expect(user.status == 200, "\(user.text)")
                reads.count.withLock { $0 += 1 }
            }
            try await expectAll(serve)
        }
    }

    /// Everybody's id opens.
    private static func expectAll(_ serve: TestServe) async throws {
        let all = try await serve.get("/v1/export/identities")
        #expect(all.status == 200 && !all.text.contains("damaged"))
        #expect(all.text.split(separator: "\n").count == users)
    }

    /// Kills rotations at random places; one that ends before is followed by one in the other direction.
    private func killAgainAndAgain(
        _ keys: inout Keys,
        _ setup: TestServe.Setup,
        _ owner: PostgresConnection,
        _ folder: TestProgramFolder
    ) async throws {
        var (killed, midway) = (0, 0)
        while killed < kills {
            let before = try await counts(owner)
            do {
                try await TestCommand.run(
                    ["root-key", "rotate"],
                    environment: setup.with(keys.settings).settings,
                    log: folder.path + "/rotation",
                    ending: .kill
                ) { command in
                    // Every third is killed at any time, even before it has begun.
                    if killed % 3 == 2 {
                        try await Task.sleep(for: .milliseconds(Int.random(in: 0...300)))
                    } else {
                        let moved = Int64.random(in: 1..<Int64(Self.users))
                        try await wait(until: moved, before, owner, command)
                    }
                }
                killed += 1
                let after = try await counts(owner)
                if after != before, after.count > 1 { midway += 1 }
            } catch TestProgramError.ended(.exited(0), _) {
                keys.exchange()
            }
        }
        #expect(midway > 0, "none was killed at work")
    }

    /// Waits until a rotation has brought so many keys under another root key, or has ended.
    private func wait(
        until moved: Int64,
        _ before: [String: Int64],
        _ owner: PostgresConnection,
        _ command: TestCommand
    ) async throws {
        let begin = ContinuousClock.now
        while command.isRunning {
            let now = try await counts(owner)
            let gone = before.map { max(0, $0.value - (now[$0.key] ?? 0)) }.reduce(0, +)
            if gone >= min(moved, before.values.max() ?? 0) { return }
            try #require(begin.duration(to: .now) < Self.workTimeMax, "\(command.output)")
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    /// How many users' keys each root key wraps.
    private func counts(_ owner: PostgresConnection) async throws -> [String: Int64] {
        let rows = try await owner.rows(
            Statement(
                "wrapped",
                "select root_key_id, count(*) from vault.user_state group by root_key_id"
            )
        ) { result, row throws(PostgresError) in
            (try result.text(row, 0), try result.int8(row, 1))
        }
        return Dictionary(uniqueKeysWithValues: rows)
    }

    /// Whichever of them is the current one, in the end it is the new one alone.
    private func rotateToTheEnd(
        _ keys: inout Keys,
        _ new: String,
        _ setup: TestServe.Setup
    ) async throws {
        if keys.current != new { keys.exchange() }
        let settings = setup.with(keys.settings).settings
        let answer = try await TestProgram.output(
            of: ["root-key", "rotate", "--json"],
            environment: settings
        )
        #expect(answer.contains(#""complete":true"#), "\(answer)")
        let list = try await TestProgram.output(of: ["root-key", "list"], environment: settings)
        #expect(list.contains("other\t0 users, 0 apps, 0 of the deployment's own"), "\(list)")
    }

    /// The service starts with the new key alone and reads everybody, and not with the old one.
    private func expectNewAlone(_ setup: TestServe.Setup, _ new: String) async throws {
        let alone = setup.with(["TOKEN_LEDGER_ROOT_KEY_FILE": new])
        try await TestServe.run(alone) { serve in
            try await Self.expectAll(serve)
            #expect(try await serve.launch("user-0").status == 201)
        }
        _ = try await TestProgram.output(of: ["verify"], environment: alone.settings)
        let old = try await TestProgram.run(
            TestProgram.path,
            ["serve"],
            environment: setup.settings
        )
        #expect(old.status == 1 && old.messages.contains("is not the one"), "\(old.messages)")
    }
}
