import Ledger
@testable import LedgerStore
import Postgres
import TestSupport
import Testing
import Vault

@Suite("API keys that are bound to certificates", .timeLimit(.minutes(5)))
struct BoundKeyTests {
    /// Of two certificates that there need not be.
    private static let certificates = [
        CertificateThumbprint(of: [1]), CertificateThumbprint(of: [2]),
    ]

    @Test("a key that is bound is taken with one of its certificates alone, and from its networks")
    func clientCertificates() async throws {
        try await TestStore.run { test in
            let other = CertificateThumbprint(of: [3])
            let (one, two) = (Self.certificates[0], Self.certificates[1])
            let bound = try await test.issue(clientCertificates: Self.certificates)
            let both = try await test.issue(networks: ["::1"], clientCertificates: [one])
            let plain = try await test.issue()
            for (key, address, certificate, expected) in [
                (bound, nil, one, true), (bound, nil, two, true), (bound, nil, other, false),
                (bound, nil, nil, false), (both, "::1", one, true), (both, "::1", two, false),
                (both, "::1", nil, false), (both, "::2", one, false), (both, nil, one, false),
                (plain, nil, other, true), (plain, nil, nil, true),
            ] as [(IssuedAPIKey, String?, CertificateThumbprint?, Bool)] {
                let isTaken = try await test.store.takes(key, from: address, with: certificate)
                #expect(isTaken == expected, "\(key.id), \(String(describing: certificate))")
            }
            guard
                case .foreignConnection = try await test.store.authenticate(
                    bound.secret.exposed,
                    from: { nil }
                )
            else {
                Issue.record("the key is valid")
                return
            }
        }
    }

    @Test("a thumbprint in the row that is none opens the key to nobody")
    func damagedCertificate() async throws {
        try await TestStore.run { test in
            let key = try await test.issue(clientCertificates: [Self.certificates[0]])
            try await test.ownerConnection().script(
                "update ledger.api_key set client_certificates = '{AAAA}' where key_id = '\(key.id)'"
            )
            await #expect(throws: StoreError.self) {
                try await test.store.takes(key, with: Self.certificates[0])
            }
        }
    }

    @Test("a rotation may bind the new key to another certificate, and the old one stays as it was")
    func rotatedCertificate() async throws {
        try await TestStore.run { test in
            let (one, two) = (Self.certificates[0], Self.certificates[1])
            let old = try await test.issue(clientCertificates: [one])
            let (new, _) = try #require(
                await test.store.rotate(
                    old.stored,
                    endingAt: test.store.clock.now().adding(seconds: 3_600),
                    clientCertificates: [two],
                    expiresAt: nil,
                    of: test.app,
                    context: TestStore.context,
                    owner: test.owner
                )
            )
            for (key, certificate, expected) in [
                (old, one, true), (old, two, false), (new, one, false), (new, two, true),
            ] {
                #expect(try await test.store.takes(key, with: certificate) == expected)
            }
        }
    }
}
