import Crypto
import Foundation
import Ledger
@testable import LedgerStore
import Logging
import Postgres
import TestSupport
import Testing

@Suite("The vault", .timeLimit(.minutes(5)))
struct VaultTests {
    private static let root = RootKey(bytes: (0..<32).map { UInt8($0) })

    private let vault = Vault(
        rootKey: root,
        fingerprintKey: SymmetricKey(data: [UInt8](repeating: 1, count: 32)),
        launchKey: SymmetricKey(data: [UInt8](repeating: 2, count: 32)),
        checkpointKey: SymmetricKey(size: .bits256)
    )

    /// A place where a ciphertext may stand, with the key of its subject.
    private struct Place {
        let owner: ValueOwner
        let kind: ValueKind
        let version: Int64
        let key: SymmetricKey
    }

    private var places: [Place] {
        let key = SymmetricKey(data: [UInt8](repeating: 3, count: 32))
        var places: [Place] = []
        // One key for all, so that nothing but the associated data keeps them apart.
        for logID in [Int32(0), 2] {
            for app in 1...2 {
                for subject in 1...3 {
                    let owner = ValueOwner(
                        logID: logID,
                        app: Identifier(value: UInt128(app)),
                        subject: Identifier(value: UInt128(subject))
                    )
                    for kind in [ValueKind.accessToken, .publicToken, .humanID] {
                        for version in [Int64(1), 2, 11] {
                            places.append(
                                Place(owner: owner, kind: kind, version: version, key: key)
                            )
                        }
                    }
                }
            }
        }
        return places
    }

    @Test("a ciphertext opens at its own place and at no other, over all ordered pairs")
    func moved() throws {
        let places = places
        let sealed = try places.map {
            try vault.seal(
                Secret("value"),
                $0.kind,
                version: $0.version,
                for: $0.owner,
                key: $0.key
            )
        }
        for (from, bytes) in sealed.enumerated() {
            for (to, place) in places.enumerated() {
                let opened = try? vault.open(
                    bytes,
                    place.kind,
                    version: place.version,
                    for: place.owner,
                    key: place.key
                )
                if (opened?.exposed == "value") != (from == to) {
                    Issue.record("from \(from) to \(to): \(opened == nil ? "closed" : "opened")")
                }
            }
        }
        #expect(Set(sealed).count == places.count, "no two seals of one value are alike")
    }

    @Test("another subject's key, a changed byte and a cut ciphertext do not open")
    func damaged() throws {
        let place = places[0]
        let sealed = try vault.seal(
            Secret("value"),
            place.kind,
            version: 1,
            for: place.owner,
            key: place.key
        )
        func opens(_ bytes: [UInt8], _ key: SymmetricKey) -> Bool {
            (try? vault.open(bytes, place.kind, version: 1, for: place.owner, key: key)) != nil
        }
        #expect(opens(sealed, place.key))
        #expect(!opens(sealed, SymmetricKey(size: .bits256)))
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(!opens(changed, place.key))
            #expect(!opens(Array(sealed[..<index]), place.key))
        }
    }

    @Test("a wrapped key opens for its own subject only")
    func wrapped() throws {
        let owners = Set(places.map(\.owner))
        for from in owners {
            let wrapped = try vault.wrap(vault.newDataKey(), for: from)
            for to in owners {
                #expect(((try? vault.unwrap(wrapped, for: to)) != nil) == (from == to))
            }
        }
    }

    @Test("fingerprints depend on kind, app, value and the deployment's key")
    func fingerprints() {
        let app = Identifier(value: 1)
        let one = vault.fingerprint(.user, of: Secret("alice"), app: app)
        let other = Vault(
            rootKey: Self.root,
            fingerprintKey: SymmetricKey(size: .bits256),
            launchKey: SymmetricKey(size: .bits256),
            checkpointKey: SymmetricKey(size: .bits256)
        )
        #expect(one == vault.fingerprint(.user, of: Secret("alice"), app: app))
        #expect(one != vault.fingerprint(.human, of: Secret("alice"), app: app))
        #expect(one != vault.fingerprint(.user, of: Secret("Alice"), app: app))
        #expect(one != vault.fingerprint(.user, of: Secret("alice"), app: Identifier(value: 2)))
        #expect(one != other.fingerprint(.user, of: Secret("alice"), app: app))
    }

    @Test("a launch token names its launch, and only we can make one")
    func launchTokens() {
        let launch = Identifier(value: 0x0123_4567_89AB_7DEF_8123_4567_89AB_CDEF)
        let token = vault.launchToken(launch).exposed
        #expect(vault.launch(of: token) == launch)
        #expect(token.utf8.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "/") })
        let characters = Array(token)
        for index in characters.indices {
            var changed = characters
            changed[index] = changed[index] == "A" ? "B" : "A"
            #expect(vault.launch(of: String(changed)) == nil, "character \(index)")
        }
        for text in ["", "A", token + "A", token + "=", String(token.dropLast()), "%" + token] {
            #expect(vault.launch(of: text) == nil)
        }
        let other = Vault(
            rootKey: Self.root,
            fingerprintKey: SymmetricKey(size: .bits256),
            launchKey: SymmetricKey(size: .bits256),
            checkpointKey: SymmetricKey(size: .bits256)
        )
        #expect(other.launch(of: token) == nil)
    }

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
                update vault.value a set sealed = b.sealed from vault.value b
                where a.subject = \(subjects) and a.kind = 'access_token' and b.kind = a.kind
                """
            )
            let changed = try await test.user("alice")
            #expect(throws: StoreError.damaged(.value)) {
                try test.store.value(.accessToken, of: changed)
            }
            #expect(try test.store.value(.publicToken, of: changed)?.exposed == "public alice")
            try await owner.script(
                """
                update vault.data_key a set wrapped = b.wrapped from vault.data_key b
                where a.subject = \(subjects)
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
            let owner = try await test.ownerConnection()
            try await owner.script(
                """
                update ledger.current_token set state = regexp_replace(state::text,
                    '("access_token":\\{"version":1,"fingerprint":")[0-9a-f]{2}', '\\1zz')::json
                """
            )
            await #expect(throws: StoreError.damaged(.state)) { try await test.user("alice") }
            try await owner.script(
                """
                update ledger.current_token set state = regexp_replace(state::text,
                    '("access_token":\\{"version":1,"fingerprint":")[0-9a-z]{32}',
                    '\\100000000000000000000000000000000')::json
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
