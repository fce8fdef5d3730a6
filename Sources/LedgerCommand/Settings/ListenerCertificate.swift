import BoundedServer
import Foundation
import Logging
import ServiceLifecycle

/// The files with the listener's certificate and its key, which are read again while it listens.
struct ListenerCertificate: Service {
    let tls: ServerTLS
    /// Whether callers are asked for certificates of their own.
    let asksCallers: Bool
    private let files: Files
    /// What the files held when the service began.
    private let first: Pair
    private let logger: Logger

    /// How often it is looked whether they have changed.
    private static let lookPause: Duration = .seconds(2)

    /// Reads the pair that the settings name; nil when they name none.
    ///
    /// - Throws: `CommandError` when they name one of the two alone, or no pair to serve with, or ask
    ///   callers for certificates where there is no TLS.
    init?(_ settings: Settings, logger: Logger) throws {
        let certificate = try settings.text(.tlsCertificateFile)
        let key = try settings.text(.tlsKeyFile)
        asksCallers = try ClientCertificateChoice(settings) == .ask
        guard certificate != nil || key != nil else {
            guard !asksCallers else {
                throw CommandError(
                    "\(Setting.tlsClientCertificates.environmentName)=ask needs TLS here, for which "
                        + "\(Setting.tlsCertificateFile.environmentName) and "
                        + "\(Setting.tlsKeyFile.environmentName) are set."
                )
            }
            return nil
        }
        guard let certificate, let key else {
            throw CommandError(
                "\(Setting.tlsCertificateFile.environmentName) and "
                    + "\(Setting.tlsKeyFile.environmentName) are set together or not at all."
            )
        }
        files = Files(certificate: certificate, key: key)
        first = try files.read()
        do {
            tls = try ServerTLS(
                certificates: first.certificates,
                key: first.key,
                asksCallers: asksCallers
            )
        } catch {
            throw files.refusal(error)
        }
        self.logger = logger
    }

    /// Changes the certificate when the files have changed and are a pair, until the shutdown.
    ///
    /// One of them is written before the other, so what is no pair now may be one soon; meanwhile the
    /// server shows what it had.
    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            var seen = Result<Pair, CommandError>.success(first)
            while true {
                try await Task.sleep(for: Self.lookPause)
                let found = Result { () throws(CommandError) in try files.read() }
                guard found != seen else { continue }
                seen = found
                do throws(CommandError) {
                    try use(found.get())
                    logger.notice("the certificate was changed")
                } catch {
                    logger.error(
                        "the certificate was not changed",
                        metadata: ["error": "\(error)"]
                    )
                }
            }
        }
    }

    private func use(_ pair: Pair) throws(CommandError) {
        do {
            try tls.change(certificates: pair.certificates, key: pair.key)
        } catch {
            throw files.refusal(error)
        }
    }
}

extension ListenerCertificate {
    /// What the two files hold.
    private struct Pair: Equatable {
        let certificates: [UInt8]
        let key: [UInt8]
    }

    private struct Files {
        let certificate: String
        let key: String

        /// A chain of ten certificates with large keys.
        private static let bytesMax = 65_536

        func read() throws(CommandError) -> Pair {
            guard let file = FileHandle(forReadingAtPath: certificate),
                let data = try? file.read(upToCount: Self.bytesMax + 1), data.count <= Self.bytesMax
            else { throw CommandError("The certificate \(certificate) cannot be read.") }
            return Pair(
                certificates: Array(data),
                key: try SecretFile(key, bytesMax: Self.bytesMax).bytes
            )
        }

        func refusal(_ flaw: ServerTLS.Flaw) -> CommandError {
            CommandError("\(certificate) and \(key) are nothing to serve with: \(flaw).")
        }
    }
}
