internal import Crypto
package import Ledger

extension CertificateThumbprint {
    /// That of a certificate in DER.
    package init(of certificate: [UInt8]) {
        guard let thumbprint = CertificateThumbprint(bytes: SHA256.hash(data: certificate).bytes())
        else { preconditionFailure("A SHA-256 has 32 bytes.") }
        self = thumbprint
    }
}
