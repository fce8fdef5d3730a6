import Crypto
import Ledger
import Testing

@testable import Vault

@Suite("sessions of the console") struct ConsoleSessionFormTests {
    private static let end = Timestamp(microseconds: 1_795_000_000_000_000)

    @Test("a cookie is read as the session that it was made of")
    func reads() throws {
        let vault = try Self.vault()
        let session = ConsoleSession(keyID: "0123456789ab", end: Self.end)
        let cookie = try #require(vault.cookie(of: session))
        let read = try #require(vault.session(ofCookie: cookie.exposed))
        #expect(read == session && read.keyID == "0123456789ab" && read.end == Self.end)
        #expect(vault.isFormToken(vault.formToken(of: session), of: read))
        #expect(!cookie.exposed.contains("0123456789ab"))
    }

    @Test("no bit of a cookie may be another one, and none may be missing")
    func flips() throws {
        let vault = try Self.vault()
        let cookie = try #require(
            vault.cookie(of: ConsoleSession(keyID: "0123456789ab", end: Self.end))
        ).exposed
        let bytes = Array(cookie.utf8)
        for index in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[index] ^= 1 << bit
                let text = String(decoding: changed, as: UTF8.self)
                #expect(vault.session(ofCookie: text) == nil, "byte \(index), bit \(bit)")
            }
            #expect(vault.session(ofCookie: String(cookie.prefix(index))) == nil)
        }
        #expect(vault.session(ofCookie: cookie + "A") == nil)
        #expect(try Self.vault().session(ofCookie: cookie) == nil, "another deployment's")
    }

    @Test("nothing else that is made with the same key passes for a session")
    func uses() throws {
        let vault = try Self.vault()
        let id = Identifier(value: 5)
        #expect(vault.session(ofCookie: vault.launchToken(id).exposed) == nil)
        #expect(vault.session(ofCookie: vault.finishCode(id).exposed) == nil)
    }

    @Test("a form's token is of one session, even of one key")
    func formTokens() throws {
        let vault = try Self.vault()
        let sessions = (0..<3).map { _ in ConsoleSession(keyID: "0123456789ab", end: Self.end) }
        #expect(Set(sessions.map(vault.formToken(of:))).count == 3)
        for (session, other) in zip(sessions, sessions.dropFirst()) {
            #expect(!vault.isFormToken(vault.formToken(of: session), of: other))
            #expect(!vault.isFormToken("", of: session))
        }
    }

    @Test("what is no id of a key makes no cookie")
    func otherIDs() throws {
        let vault = try Self.vault()
        for id in ["", "0123", "0123456789abcd", "not a key id"] {
            #expect(vault.cookie(of: ConsoleSession(keyID: id, end: Self.end)) == nil)
        }
    }

    /// Of a deployment of its own.
    private static func vault() throws -> Vault {
        Vault(
            rootKeys: RootKeys(RootKey(bytes: [UInt8](repeating: 1, count: 32))),
            fingerprint: MasterKey(key: SymmetricKey(size: .bits256)),
            launch: MasterKey(key: SymmetricKey(size: .bits256)),
            checkpoint: MasterKey(key: SymmetricKey(size: .bits256))
        )
    }
}
