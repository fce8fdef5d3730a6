import ArgumentParser
import BoundedServer
import Foundation
import Ledger
import Vault

/// The certificates that an API key is bound to.
struct ClientCertificateFiles: ParsableArguments {
    @Option(
        name: .customLong("client-certificate"),
        help: ArgumentHelp(
            """
            A PEM file with a certificate that callers show over TLS, its first; with none of those \
            named the key is refused; repeatable.
            """,
            valueName: "file"
        )
    )
    var paths: [String] = []

    /// An old and a new one for each of a few backends.
    private static let certificatesMax = 10
    /// A chain of ten certificates with large keys.
    private static let bytesMax = 65_536

    func validate() throws {
        guard paths.count <= Self.certificatesMax else {
            throw ValidationError("A key has at most \(Self.certificatesMax) client certificates.")
        }
    }

    /// Their thumbprints, each once.
    ///
    /// - Throws: `CommandError` for a file that cannot be read, or does not hold certificates alone or
    ///   beside a key.
    func thumbprints() throws(CommandError) -> [CertificateThumbprint] {
        var thumbprints: [CertificateThumbprint] = []
        for path in paths {
            let thumbprint = try Self.thumbprint(path)
            if !thumbprints.contains(thumbprint) { thumbprints.append(thumbprint) }
        }
        return thumbprints
    }

    private static func thumbprint(_ path: String) throws(CommandError) -> CertificateThumbprint {
        guard let file = FileHandle(forReadingAtPath: path),
            let data = try? file.read(upToCount: bytesMax + 1), data.count <= bytesMax
        else { throw CommandError("The certificate \(path) cannot be read.") }
        let text = Array(data)
        guard let certificates = ClientCertificate.read(text), let own = certificates.first else {
            let isKey = String(decoding: text, as: UTF8.self).contains(" PRIVATE KEY-----")
            throw CommandError(
                "\(path) holds no certificate that can be read as PEM"
                    + (isKey ? "; it holds a private key, which stays with the caller." : ".")
            )
        }
        let thumbprint = CertificateThumbprint(of: own)
        let others = certificates.count - 1
        let rest = others > 0 ? "; of \(certificates.count) it is the first, and alone counts" : ""
        Terminal.message("\(path) holds the certificate \(thumbprint)\(rest).")
        return thumbprint
    }
}
