import Crypto
import Foundation
import Ledger
import Testing
import Traces

@testable import Vault

@Suite("The vault", .timeLimit(.minutes(5)))
struct VaultTests {
    private static let root = RootKey(bytes: (0..<32).map { UInt8($0) })

    private let vault = Vault(
        rootKeys: RootKeys(root),
        fingerprint: MasterKey(key: SymmetricKey(data: [UInt8](repeating: 1, count: 32))),
        launch: MasterKey(key: SymmetricKey(data: [UInt8](repeating: 2, count: 32))),
        checkpoint: MasterKey(key: SymmetricKey(size: .bits256))
    )

    /// A place where a ciphertext may stand, with the key of its subject.
    private struct Place {
        let owner: ValueOwner
        let kind: ValueKind
        let version: Int64
        let key: DataKey
    }

    private var places: [Place] {
        let key = DataKey(key: SymmetricKey(data: [UInt8](repeating: 3, count: 32)))
        var places: [Place] = []
        // One key for all, so that nothing but the associated data keeps them apart.
        for logID in [Int32(0), 2] {
            for app in 1...2 {
                for subject in 1...5 {
                    let owner = ValueOwner(
                        logID: logID,
                        app: Identifier(value: UInt128(app)),
                        subject: Identifier(value: UInt128(subject))
                    )
                    for kind in [ValueKind.accessToken, .publicToken, .humanID] {
                        for version in [Int64(1), 2, 11, 12] {
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
        #expect(places.count >= 200)
        #expect(Set(sealed).count == places.count, "no two seals of one value are alike")
    }

    /// How many seals are compared; docs/threats.md#g18 wants 10,000,000.
    private static let seals =
        ProcessInfo.processInfo.environment["NONCE_SEALS"].flatMap(Int.init) ?? 100_000

    @Test("no nonce comes twice, whoever seals")
    func nonces() async throws {
        let place = places[0]
        let vault = vault
        let workers = 4
        // A nonce is the first 12 bytes; as numbers they take little memory.
        let all = try await withThrowingTaskGroup(of: [UInt128].self) { group in
            for _ in 0..<workers {
                group.addTask {
                    try (0..<Self.seals / workers).map { _ in
                        try vault.seal(
                            Secret("a"),
                            place.kind,
                            version: place.version,
                            for: place.owner,
                            key: place.key
                        ).prefix(12).reduce(0) { $0 << 8 | UInt128($1) }
                    }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(all.count == Self.seals / workers * workers)
        let sorted = all.sorted()
        #expect(!zip(sorted, sorted.dropFirst()).contains { $0 == $1 })
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
        func opens(_ bytes: [UInt8], _ key: DataKey) -> Bool {
            (try? vault.open(bytes, place.kind, version: 1, for: place.owner, key: key)) != nil
        }
        #expect(opens(sealed, place.key))
        #expect(!opens(sealed, DataKey(key: SymmetricKey(size: .bits256))))
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
            rootKeys: RootKeys(Self.root),
            fingerprint: MasterKey(key: SymmetricKey(size: .bits256)),
            launch: MasterKey(key: SymmetricKey(size: .bits256)),
            checkpoint: MasterKey(key: SymmetricKey(size: .bits256))
        )
        #expect(one == vault.fingerprint(.user, of: Secret("alice"), app: app))
        #expect(one != vault.fingerprint(.human, of: Secret("alice"), app: app))
        #expect(one != vault.fingerprint(.user, of: Secret("Alice"), app: app))
        #expect(one != vault.fingerprint(.user, of: Secret("alice"), app: Identifier(value: 2)))
        #expect(one != other.fingerprint(.user, of: Secret("alice"), app: app))
    }

    @Test("a trace becomes another of its form, the same again for the same app and key")
    func traces() throws {
        let app = Identifier(value: 1)
        let sent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let context = try #require(TraceContext(sent))
        let one = vault.traceparent(context, app: app)
        #expect(vault.traceparent(context, app: app) == one)
        #expect(vault.traceparent(try #require(TraceContext(one)), app: app) != one)
        #expect(vault.traceparent(context, app: Identifier(value: 2)) != one)
        #expect(one.utf8.count == sent.utf8.count)
        #expect(
            !zip(one.split(separator: "-"), sent.split(separator: "-")).dropFirst().dropLast()
                .contains { $0 == $1 }
        )
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
            rootKeys: RootKeys(Self.root),
            fingerprint: MasterKey(key: SymmetricKey(size: .bits256)),
            launch: MasterKey(key: SymmetricKey(size: .bits256)),
            checkpoint: MasterKey(key: SymmetricKey(size: .bits256))
        )
        #expect(other.launch(of: token) == nil)
    }
}
