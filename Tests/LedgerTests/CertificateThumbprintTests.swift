import Ledger
import Testing

@Suite("Thumbprints of certificates")
struct CertificateThumbprintTests {
    @Test("one has 32 bytes and one spelling")
    func spelling() throws {
        let zeros = try #require(CertificateThumbprint(bytes: [UInt8](repeating: 0, count: 32)))
        #expect("\(zeros)" == String(repeating: "A", count: 43))
        #expect(CertificateThumbprint("\(zeros)") == zeros)
        for count in [0, 31, 33] {
            #expect(CertificateThumbprint(bytes: [UInt8](repeating: 0, count: count)) == nil)
        }
    }

    @Test(
        "what is not written so is none",
        arguments: [
            "", "A", String(repeating: "A", count: 42), String(repeating: "A", count: 44),
            // A bit is set that belongs to no byte.
            String(repeating: "A", count: 42) + "B",
            // The other alphabet, padding, hexadecimal digits, blanks.
            String(repeating: "/", count: 43), String(repeating: "A", count: 43) + "=",
            String(repeating: "0", count: 64), " " + String(repeating: "A", count: 42),
        ]
    )
    func refused(text: String) {
        #expect(CertificateThumbprint(text) == nil)
    }
}
