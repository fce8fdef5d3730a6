import Ledger
@testable import LedgerStore
import Postgres
import TestSupport
import Testing

@Suite("Claims across logs that are refused", .timeLimit(.minutes(5)))
struct ClaimRefusalTests {
    @Test("whoever has the password alone reserves, burns and removes nothing")
    func secret() async throws {
        try await ClaimLogs.run { logs in
            let user = logs.user(of: 2, logs.place(home: 4))
            let row = try await logs.reserve(user)
            let before = try await PostgresTools.data(logs.test.owner.url)
            let connection = try await logs.test.serviceConnection()
            for secret in [[], [UInt8](repeating: 1, count: 32)] {
                for statement in Self.statements(row.reference, user, secret) {
                    let error = await #expect(throws: PostgresError.self) {
                        try await connection.query(statement) { _ throws(PostgresError) in }
                    }
                    #expect(error?.sqlState == SQLState(rawValue: "LG011"))
                }
            }
            await connection.close()
            #expect(try await PostgresTools.data(logs.test.owner.url) == before)
        }
    }

    @Test(
        "nobody may be told of a claim that is not kept, or was not seen",
        arguments: [
            ("set synchronous_commit = off", "LG008"), ("set client_min_messages = error", "LG008"),
            ("set default_transaction_isolation = 'repeatable read'", "LG002"),
        ]
    )
    func session(setting: String, state: String) async throws {
        try await ClaimLogs.run { logs in
            let user = logs.user(of: 2, logs.place(home: 4))
            let row = try await logs.reserve(user)
            let connection = try await logs.test.serviceConnection()
            try await connection.script(setting)
            for statement in Self.statements(row.reference, user, logs.claimer.secret) {
                let error = await #expect(throws: PostgresError.self) {
                    try await connection.query(statement) { _ throws(PostgresError) in }
                }
                #expect(error?.sqlState == SQLState(rawValue: state))
            }
            await connection.close()
        }
    }

    @Test("a reference is of the log that it names, and of no other")
    func otherLog() async throws {
        try await ClaimLogs.run { logs in
            let user = logs.user(of: 2, logs.place(home: 4))
            let foreign = logs.identifier(in: 6)
            await #expect(throws: PostgresError.self, "it would be burned in log 6") {
                try await logs.append(user, foreign)
            }
            let resident = logs.user(of: 4, user.place)
            await #expect(throws: PostgresError.self, "who is at home asks nobody else") {
                try await logs.claimer.reserve(user.place, for: resident.claimant)
            }
            await #expect(throws: PostgresError.self, "there is no such log") {
                try await logs.claimer.fence(logs.identifier(in: 1_000), at: user.place)
            }
            let made = try await logs.made(user.place)
            #expect(made == 0)
        }
    }

    @Test("what was burned stays so, for the owner too")
    func immutable() async throws {
        try await ClaimLogs.run { logs in
            let user = logs.user(of: 2, logs.place(home: 4))
            let reference = try await logs.reserve(user).reference
            #expect(try await !logs.claimer.fence(reference, at: user.place))
            let owner = try await logs.test.ownerConnection()
            for verb in [
                "delete from vault.burned", "truncate vault.burned",
                "update vault.burned set reference = gen_random_uuid()",
            ] {
                let error = await #expect(throws: PostgresError.self) {
                    try await owner.script("set session_replication_role = replica; \(verb)")
                }
                #expect(error?.sqlState == SQLState(rawValue: "LG001"))
            }
            await owner.close()
        }
    }

    @Test("with one log of facts nothing is reserved")
    func oneLog() async throws {
        try await TestStore.run { test in
            _ = try await test.connectedUser("alice")
            let reserved = try await test.count(
                Statement(
                    "test_reserved",
                    "select count(*) from vault.lookup where reserved_at is not null"
                )
            )
            #expect(reserved == 0)
            #expect(test.store.claimer.logs == .one)
        }
    }

    @Test("the home of a fingerprint is its first eight bytes as a number, modulo the logs")
    func home() throws {
        let bytes: [UInt8] = [0x80, 0, 0, 0, 0, 0, 0, 7] + Array(repeating: 0xFF, count: 8)
        let fingerprint = try #require(Fingerprint(bytes))
        for (pairs, pair) in [(1, 0), (4, 3), (5, 0), (512, 7)] {
            #expect(Logs(pairs: pairs).home(of: fingerprint) == Log(.facts, pair: pair))
        }
    }

    private static func statements(
        _ reference: Identifier,
        _ user: ClaimLogs.User,
        _ secret: [UInt8]
    ) -> [Statement] {
        [
            Claimer.reserve(user.place, for: user.claimant, secret),
            Claimer.fence(reference, at: user.place, secret),
            Claimer.release(reference, at: user.place, secret),
        ]
    }
}
