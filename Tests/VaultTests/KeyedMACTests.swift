import Crypto
import Ledger
import Testing

@testable import Vault

@Suite("Codes under a key")
struct KeyedMACTests {
    @Test("a code is the one of RFC 4231 and of the library, for keys and texts of every length")
    func rightCodes() {
        let mac = KeyedMAC(SymmetricKey(data: Array("Jefe".utf8)))
        let code = mac.code(of: Array("what do ya want for nothing?".utf8)).bytes()
        #expect(Self.digits(Array(code[..<16])) == "5bdcc146bf60754e6a042426089575c7")
        #expect(Self.digits(Array(code[16...])) == "5a003f089d2739839dec58b964ec3843")
        for keyCount in [1, 16, 32, 63, 64] {
            let key = SymmetricKey(data: (0..<keyCount).map { UInt8($0) })
            let mac = KeyedMAC(key)
            for count in 0..<200 {
                let text = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
                let code = HMAC<SHA256>.authenticationCode(for: text, using: key)
                #expect(mac.code(of: text).bytes() == Array(code))
            }
        }
    }

    /// Computed apart from this program: what is stored must be recognized for ever.
    @Test("what stands beside records and states is what it has always been")
    func sameCodesForEver() {
        let vault = Vault(
            rootKeys: RootKeys(RootKey(bytes: [UInt8](repeating: 0, count: 32))),
            fingerprint: MasterKey(key: SymmetricKey(data: [UInt8](repeating: 1, count: 32))),
            launch: MasterKey(key: SymmetricKey(size: .bits256)),
            checkpoint: MasterKey(key: SymmetricKey(size: .bits256))
        )
        let (app, subject) = (Identifier(value: 7), Identifier(value: 8))
        let place = { (logID: Int32, subject: Identifier?, version: Int64?) in
            RecordPlace(
                logID: logID,
                event: Identifier(value: 9),
                app: app,
                subject: subject,
                version: version
            )
        }
        let text = Array("{}".utf8)
        let codes = [
            vault.fingerprint(.user, of: Secret("ada"), app: app).bytes,
            vault.mac(ofRecord: text, at: place(0, subject, 3)),
            vault.mac(ofRecord: text, at: place(2, nil, nil)),
            vault.mac(ofState: text, for: ValueOwner(logID: 0, app: app, subject: subject)),
        ]
        #expect(
            codes.map(Self.digits) == [
                "10fc8ac07a3cf9e42b196d57e6c4b88b", "8a9e6a4ef0dabb01bf8b12330dc759ca",
                "bdf85f258c5f9654dacfa7facd91e1fb", "793c700e8f380402a94f99705065dbbd",
            ]
        )
    }

    /// The digits of 16 bytes.
    private static func digits(_ bytes: [UInt8]) -> String? {
        Fingerprint(bytes).map { "\($0)" }
    }
}
