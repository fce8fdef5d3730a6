@testable import Ledger
@testable import LedgerStore
import Postgres
import TestSupport
import Testing
import Vault

@Suite("Stored values", .timeLimit(.minutes(5)))
struct StoredValueTests {
    @Test("values come back as they were, each at its version")
    func values() async throws {
        try await TestStore.run { test in
            let user = try await test.connectedUser("alice")
            func value(_ kind: ValueKind) throws -> String? {
                try test.store.value(kind, of: user)?.exposed
            }
            #expect(try value(.accessToken) == "access alice")
            #expect(try value(.publicToken) == "public alice")
            #expect(try value(.humanID) == "human alice")
            #expect(try value(.clientUserID) == "alice")
            #expect(try value(.sessionToken) == nil)
            let change = test.connection(
                of: user,
                human: "human alice",
                accessToken: "access two",
                publicToken: "public alice"
            )
            guard case .written(let changed, _) = try await test.store.write(change, to: user)
            else {
                Issue.record("the change is written")
                return
            }
            #expect(try test.store.value(.accessToken, of: changed)?.exposed == "access two")
            let read = try await test.user("alice")
            #expect(read.state.accessToken?.version == 2)
            #expect(read.state.publicToken?.version == 1)
            #expect(try test.store.value(.accessToken, of: read)?.exposed == "access two")
            let old = try await test.store.value(.accessToken, version: 1, of: read)
            #expect(old?.exposed == "access alice")
            var keeping = test.launch(read)
            keeping.keep(Secret("session"), .sessionToken, version: 7)
            _ = try await test.store.write(keeping, to: read)
            let session = try await test.store.value(.sessionToken, version: 7, of: read)
            #expect(session?.exposed == "session")
            let current = try await test.user("alice")
            var dropping = test.launch(current)
            dropping.drop(.sessionToken, version: 7)
            dropping.drop(.accessToken, version: 1)
            _ = try await test.store.write(dropping, to: current)
            #expect(try await test.store.value(.sessionToken, version: 7, of: read) == nil)
            #expect(
                try await test.store.value(.accessToken, version: 1, of: read) != nil,
                "an append drops session tokens alone"
            )
        }
    }

    @Test("a ciphertext or key that was moved in the database is noticed when it is read")
    func movedInDatabase() async throws {
        try await TestStore.run { test in
            let alice = try await test.connectedUser("alice")
            let bob = try await test.connectedUser("bob")
            let owner = try await test.ownerConnection()
            let subjects = "'\(alice.subject)' and b.subject = '\(bob.subject)'"
            try await owner.script(
                """
                update vault.user_state a set access_token = b.access_token
                from vault.user_state b where a.subject = \(subjects)
                """
            )
            let changed = try await test.user("alice")
            #expect(throws: StoreError.damaged(.value)) {
                try test.store.value(.accessToken, of: changed)
            }
            #expect(try test.store.value(.publicToken, of: changed)?.exposed == "public alice")
            try await owner.script(
                """
                update vault.user_state a set wrapped_key = b.wrapped_key
                from vault.user_state b where a.subject = \(subjects)
                """
            )
            let foreign = try await test.user("alice")
            #expect(throws: StoreError.damaged(.value)) {
                try test.store.value(.publicToken, of: foreign)
            }
            await owner.close()
        }
    }

    @Test("a token that is not the one the log names is not handed out")
    func fingerprint() async throws {
        try await TestStore.run { test in
            _ = try await test.connectedUser("alice")
            let alice = try await test.user("alice")
            let owner = try await test.ownerConnection()
            try await owner.script(
                """
                update vault.user_state set state = regexp_replace(state::text,
                    '("access_token":\\{"version":1,"fingerprint":")[0-9a-f]{2}', '\\1zz')::json
                """
            )
            await #expect(throws: StoreError.damaged(.state)) { try await test.user("alice") }
            // Whoever has the keys could make the state's MAC.
            var state = alice.state
            state.accessToken?.fingerprint = test.store.vault.fingerprint(
                .accessToken,
                of: Secret("another"),
                app: test.app.id
            )
            let text = String(decoding: state.encoded(), as: UTF8.self)
            let mac = try #require(
                Fingerprint(test.store.vault.mac(ofState: state.encoded(), for: alice.owner))
            )
            try await owner.script(
                """
                update vault.user_state set state = '\(text)',
                    state_mac = decode('\(mac)', 'hex')
                """
            )
            let user = try await test.user("alice")
            #expect(throws: StoreError.damaged(.fingerprint)) {
                try test.store.value(.accessToken, of: user)
            }
            #expect(try test.store.value(.publicToken, of: user)?.exposed == "public alice")
        }
    }
}
