internal import Foundation
internal import Subprocess

/// A certificate that signs for itself, and its key, as openssl makes them.
package struct TestCertificate: Sendable {
    /// PEM.
    package let certificate: String
    package let key: String

    /// Makes one for names such as `DNS:localhost`, with a fresh key.
    package static func make(
        for names: [String] = ["IP:127.0.0.1"]
    ) async throws -> TestCertificate {
        let folder = try newTemporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let answer = try await Subprocess.run(
            .name("openssl"),
            arguments: [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-days", "2", "-subj", "/CN=token-ledger test", "-addext",
                "subjectAltName=" + names.joined(separator: ","), "-keyout", "\(folder)/key",
                "-out", "\(folder)/certificate",
            ],
            output: .discarded,
            error: .string(limit: 1 << 16)
        )
        guard answer.terminationStatus.isSuccess else {
            throw TestProgramError.ended(
                answer.terminationStatus,
                output: answer.standardError
            )
        }
        return TestCertificate(
            certificate: try String(contentsOfFile: "\(folder)/certificate", encoding: .utf8),
            key: try String(contentsOfFile: "\(folder)/key", encoding: .utf8)
        )
    }

    /// Writes both into a folder, the key for its owner alone, and gives their paths.
    @discardableResult
    package func write(to folder: String) throws -> (certificate: String, key: String) {
        let paths = (certificate: "\(folder)/tls.crt", key: "\(folder)/tls.key")
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
