internal import Foundation
internal import Subprocess

/// A certificate that signs for itself, and its key, as openssl makes them.
package struct TestCertificate: Sendable {
    /// PEM.
    package let certificate: String
    package let key: String

    /// One that was made elsewhere.
    package init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }

    /// What kind of key it has.
    package enum KeyKind: Sendable, CaseIterable {
        case p256, p521, rsa, ed25519

        fileprivate var arguments: [String] {
            switch self {
            case .p256: ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
            case .p521: ["ec", "-pkeyopt", "ec_paramgen_curve:P-521"]
            case .rsa: ["rsa:2048"]
            case .ed25519: ["ed25519"]
            }
        }
    }

    /// Makes one for names such as `DNS:localhost`, with a fresh key.
    package static func make(
        for names: [String] = ["IP:127.0.0.1"],
        _ kind: KeyKind = .p256
    ) async throws -> TestCertificate {
        let folder = try newTemporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await openssl(
            ["req", "-x509", "-newkey"] + kind.arguments + [
                "-nodes", "-days", "2", "-subj", "/CN=token-ledger test", "-addext",
                "subjectAltName=" + names.joined(separator: ","), "-keyout", "\(folder)/key",
                "-out", "\(folder)/certificate",
            ]
        )
        return TestCertificate(
            certificate: try String(contentsOfFile: "\(folder)/certificate", encoding: .utf8),
            key: try String(contentsOfFile: "\(folder)/key", encoding: .utf8)
        )
    }

    /// One for the same key that ended yesterday.
    package func expired() async throws -> TestCertificate {
        let folder = try newTemporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (path, keyPath) = try write(to: folder)
        try await Self.openssl([
            "x509", "-in", path, "-signkey", keyPath, "-days", "-1", "-out", "\(folder)/expired",
        ])
        return TestCertificate(
            certificate: try String(contentsOfFile: "\(folder)/expired", encoding: .utf8),
            key: key
        )
    }

    private static func openssl(_ arguments: [String]) async throws {
        let answer = try await Subprocess.run(
            .name("openssl"),
            arguments: Arguments(arguments),
            output: .discarded,
            error: .string(limit: 1 << 16)
        )
        guard answer.terminationStatus.isSuccess else {
            throw TestProgramError.ended(
                answer.terminationStatus,
                output: answer.standardError
            )
        }
    }

    /// Writes both into a folder, the key for its owner alone, and gives their paths.
    @discardableResult
    package func write(
        to folder: String,
        as name: String = "tls"
    ) throws -> (certificate: String, key: String) {
        let paths = (certificate: "\(folder)/\(name).crt", key: "\(folder)/\(name).key")
        for (path, text) in [(paths.certificate, certificate), (paths.key, key)] {
            try Self.replace(path, with: text)
        }
        return paths
    }

    /// Replaces a file at once, with one that its owner alone may read.
    package static func replace(_ path: String, with text: String) throws {
        let draft = path + ".new"
        _ = FileManager.default.createFile(
            atPath: draft,
            contents: Data(text.utf8),
            attributes: [.posixPermissions: 0o600]
        )
        guard unsafe rename(draft, path) == 0 else { throw POSIXError(.EIO) }
    }
}
