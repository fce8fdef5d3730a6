import Ledger
@testable import LedgerStore
import Postgres
import TestSupport
import Testing
import Vault

@Suite("API keys", .timeLimit(.minutes(5)))
struct APIKeyTests {
    private func revoke(_ id: String, _ test: TestStore) async throws -> AdministrationOutcome {
        try await test.store.revoke(
            try #require(await test.store.apiKey(id)),
            of: test.app,
            context: TestStore.context,
            owner: test.owner
        )
    }

    private func events(_ test: TestStore) async throws -> [LedgerEvent] {
        try await test.store.page(log: .facts, from: 0, limit: 1_000).map { try $0.record().event }
    }

    @Test("a list shows all about a key, and events tell the same")
    func list() async throws {
        try await TestStore.run { test in
            let expiry = test.store.clock.now().adding(seconds: 60)
            let plain = try await test.issue()
            let rich = try await test.issue(
                label: "nightly export",
                networks: ["192.0.2.0/24", "2001:db8::/32"],
                clientCertificates: Self.certificates,
                expiresAt: expiry
            )
            let keys = try await test.store.apiKeys(of: test.app)
            #expect(keys.map(\.key) == [plain.stored, rich.stored])
            #expect(keys.map(\.clientID) == ["demo", "demo"])
            #expect(keys.allSatisfy { $0.lastUsedAt == nil && $0.key.revokedAt == nil })
            #expect(
                try await events(test).suffix(2) == [
                    .apiKeyCreated(.init(key: plain.id, scopes: ["launch", "finish"])),
                    .apiKeyCreated(
                        .init(
                            key: rich.id,
                            scopes: ["launch", "finish"],
                            networks: 2,
                            clientCertificates: Self.certificates.map(\.description),
                            expiry: expiry
                        )
                    ),
                ]
            )
        }
    }

    @Test("a key is taken from its networks alone")
    func networks() async throws {
        try await TestStore.run { test in
            let key = try await test.issue(networks: ["192.0.2.0/24", "2001:db8::/32"])
            for (address, expected) in [
                ("192.0.2.9", true), ("::ffff:192.0.2.9", true), ("2001:db8::9", true),
                ("192.0.3.9", false), ("2001:db9::9", false), (nil, false),
            ] {
                let isTaken = try await test.store.takes(key, from: address)
                #expect(isTaken == expected, "\(address ?? "nobody knows")")
            }
            guard
                case .foreignConnection = try await test.store.authenticate(
                    key.secret.exposed,
                    from: { nil }
                )
            else {
                Issue.record("the key is valid")
                return
            }
        }
    }

    /// Of two certificates that there need not be.
    private static let certificates = [
        CertificateThumbprint(of: [1]), CertificateThumbprint(of: [2]),
    ]

    @Test("a revoked key and an expired one are refused by another copy within 5 s")
    func copies() async throws {
        try await TestStore.run { test in
            try await test.another { copy in
                let revoked = try await test.issue()
                let expiring = try await test.issue()
                #expect(try await copy.takes(revoked))
                #expect(try await copy.takes(expiring))
                #expect(try await revoke(revoked.id, test) == .written)
                let expiry = test.store.clock.now().adding(seconds: 1)
                let set = try await test.store.setExpiry(
                    of: expiring.stored,
                    to: expiry,
                    of: test.app,
                    context: TestStore.context,
                    owner: test.owner
                )
                #expect(set == .written)
                let start = ContinuousClock.now
                // Asked without a pause, so that somebody always goes on with what is remembered.
                while true {
                    let first = try await copy.takes(revoked)
                    let second = try await copy.takes(expiring)
                    guard first || second else { break }
                    try #require(start.duration(to: .now) < .seconds(5), "still taken")
                    try await Task.sleep(for: .milliseconds(20))
                }
                #expect(try await !test.store.takes(revoked))
                let last = try await events(test).suffix(2)
                #expect(
                    last == [
                        .apiKeyRevoked(key: revoked.id),
                        .apiKeyExpirySet(key: expiring.id, expiry: expiry),
                    ]
                )
            }
        }
    }

    @Test("of many who come after a while none is let in by what was remembered")
    func crowd() async throws {
        try await TestStore.run { test in
            try await test.another { copy in
                let key = try await test.issue()
                #expect(try await copy.takes(key))
                #expect(try await revoke(key.id, test) == .written)
                try await Task.sleep(for: .seconds(5))
                let taken = try await withThrowingTaskGroup(of: Bool.self) { group in
                    for _ in 0..<40 { group.addTask { try await copy.takes(key) } }
                    return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
                }
                #expect(taken == 0)
            }
        }
    }

    @Test("a key that was remembered ends with its time, without being asked for")
    func expiry() async throws {
        try await TestStore.run { test in
            let now = test.store.clock.now()
            let key = try await test.issue(expiresAt: now.adding(seconds: 1))
            #expect(try await test.store.takes(key))
            let owner = try await test.ownerConnection()
            // Nobody may read it any more: the copy has only what it remembers.
            try await owner.script("revoke select on ledger.api_key from token_ledger_service")
            while test.store.clock.now() <= now.adding(seconds: 1) {
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(try await !test.store.takes(key))
            await owner.close()
        }
    }

    @Test("what ended stays so, and what changed meanwhile is not written over")
    func conflicts() async throws {
        try await TestStore.run { test in
            let key = try await test.issue()
            #expect(try await revoke(key.id, test) == .written)
            let count = try await events(test).count
            #expect(try await revoke(key.id, test) == .unchanged)
            let end = test.store.clock.now().adding(seconds: 60)
            // As it was known before the revocation.
            let stale = try await test.store.setExpiry(
                of: key.stored,
                to: end,
                of: test.app,
                context: TestStore.context,
                owner: test.owner
            )
            #expect(stale == .conflict)
            let rotated = try await test.store.rotate(
                key.stored,
                endingAt: end,
                expiresAt: nil,
                of: test.app,
                context: TestStore.context,
                owner: test.owner
            )
            #expect(rotated == nil)
            #expect(try await events(test).count == count)
            #expect(try await test.store.apiKeys().count == 1)
        }
    }

    @Test("a rotation makes the same key anew, and ends the old one, but never later")
    func rotation() async throws {
        try await TestStore.run { test in
            let soon = test.store.clock.now().adding(seconds: 30)
            let later = soon.adding(seconds: 3_600)
            for (expiry, end) in [(nil, later), (soon, soon)] as [(Timestamp?, Timestamp)] {
                let old = try await test.issue(
                    label: "l",
                    networks: ["::/0"],
                    clientCertificates: Self.certificates,
                    expiresAt: expiry
                )
                let (new, ended) = try #require(
                    await test.store.rotate(
                        old.stored,
                        endingAt: later,
                        expiresAt: nil,
                        of: test.app,
                        context: TestStore.context,
                        owner: test.owner
                    )
                )
                for key in [old, new] {
                    let isTaken = try await test.store.takes(
                        key,
                        from: "::1",
                        with: Self.certificates[1]
                    )
                    #expect(isTaken)
                }
                #expect(new.secret.exposed.hasPrefix("tl_test_"))
                #expect(ended.expiresAt == end)
                #expect(try await test.store.apiKey(old.id) == ended)
                let kept = try #require(await test.store.apiKey(new.id))
                #expect(kept.scopes == old.stored.scopes && kept.label == "l")
                #expect(kept.networks == old.stored.networks && kept.expiresAt == nil)
                #expect(kept.replaces == old.id)
                #expect(kept.clientCertificates == Self.certificates)
                guard
                    case .apiKeyCreated(let made)? = try await events(test).last(where: {
                        if case .apiKeyCreated = $0 { true } else { false }
                    })
                else { throw StoreError.defect }
                #expect(made.replaces == old.id)
                let told = try await events(test).contains(
                    .apiKeyExpirySet(key: old.id, expiry: later)
                )
                #expect(told == (expiry == nil), "an end that stays is not told again")
            }
        }
    }

    // MARK: Last use

    @Test("the last use is written in batches, moves forward only, and never into the future")
    func lastUse() async throws {
        try await TestStore.run { test in
            let keys = [try await test.issue(), try await test.issue()]
            let before = test.store.clock.now()
            for key in keys { #expect(try await test.store.takes(key)) }
            let wrong = keys[0].secret.exposed.dropLast() + "x"
            _ = try await test.store.authenticate(String(wrong), from: { nil })
            #expect(try await test.store.apiKeys().allSatisfy { $0.lastUsedAt == nil })
            await test.store.keyUses.write()
            let written = try await test.store.apiKeys()
            #expect(written.allSatisfy { $0.lastUsedAt.map { $0 >= before } ?? false })

            let service = try await test.serviceConnection()
            let far = Timestamp(microseconds: 32_503_680_000_000_000)
            for (id, time) in [
                (keys[0].id, before.adding(seconds: -3_600)), (keys[1].id, far), ("nobody", before),
            ] {
                try await service.query(
                    Statement(
                        "note",
                        "select ledger.note_api_key_use($1, $2)",
                        .textArray([id, id]),
                        .timestamptzArray([time.microseconds, time.microseconds])
                    )
                ) { _ throws(PostgresError) in }
            }
            let after = try await test.store.apiKeys()
            #expect(after.count == 2)
            #expect(after[0].lastUsedAt == written[0].lastUsedAt, "it went back")
            let second = try #require(after[1].lastUsedAt)
            #expect(second <= test.store.clock.now().adding(seconds: 1), "it is in the future")
            await service.close()
        }
    }

    @Test("a use that could not be written is written the next time, and the end writes as well")
    func writtenLater() async throws {
        try await TestStore.run { test in
            let key = try await test.issue()
            let owner = try await test.ownerConnection()
            try await test.another { copy in
                #expect(try await copy.takes(key))
                try await owner.script(
                    "revoke execute on function ledger.note_api_key_use from token_ledger_service"
                )
                await copy.keyUses.write()
                #expect(try await test.store.apiKeys()[0].lastUsedAt == nil)
                try await owner.script(
                    "grant execute on function ledger.note_api_key_use to token_ledger_service"
                )
            }
            #expect(try await test.store.apiKeys()[0].lastUsedAt != nil)
            await owner.close()
        }
    }

    @Test("the service's role decides nothing about keys and apps")
    func rights() async throws {
        try await TestStore.run { test in
            let key = try await test.issue()
            let service = try await test.serviceConnection()
            for statement in [
                "select ledger.change_api_key(k, k, null, null) from ledger.api_key k",
                "select ledger.update_app(a, a, null) from ledger.app a",
                "update ledger.api_key set revoked_at = null", "delete from ledger.api_key",
                "update ledger.app set user_url = 'http://x'",
                "insert into ledger.api_key_use values ('\(key.id)', now())",
                "update ledger.api_key_use set used_at = now()", "delete from ledger.api_key_use",
            ] {
                let error = await #expect(throws: PostgresError.self, "\(statement)") {
                    try await service.script(statement)
                }
                #expect(error?.sqlState == .insufficientPrivilege, "\(statement)")
            }
            await service.close()
        }
    }
}
