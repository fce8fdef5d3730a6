import Foundation
import Subprocess

/// A server whose TLS certificate nobody trusts: a provider behind a misconfigured proxy, or
/// somebody in its place.
///
/// Its key is in this file and so is no secret. Python's own TLS stands behind it, so that what the
/// client does is not compared with itself.
package struct TLSServer: Sendable {
    /// For whom the certificate is.
    package enum Certificate: Sendable, CaseIterable {
        /// For the address that it listens at, but signed by itself.
        case selfSigned
        /// For another host.
        case otherName
    }

    /// Its address for `https`.
    package let url: String
    private let folder: String

    /// What became of each connection so far: "refused" by the client during the handshake, or the
    /// first words that came.
    package var connections: [String] {
        let text = (try? String(contentsOfFile: "\(folder)/seen", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    /// Lends a server on a free port.
    package static func run<Value: Sendable>(
        _ certificate: Certificate,
        _ body: (TLSServer) async throws -> Value
    ) async throws -> Value {
        let folder = try newTemporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try (key + certificate.text).write(
            toFile: "\(folder)/chain.pem",
            atomically: true,
            encoding: .utf8
        )
        let result = try await Subprocess.run(
            .name("python3"),
            arguments: ["-c", script, folder],
            input: .inputWriter,
            output: .discarded,
            error: .discarded
        ) { execution in
            let outcome: Result<Value, any Error>
            do {
                let port = try await port(folder)
                let server = TLSServer(url: "https://127.0.0.1:\(port)", folder: folder)
                outcome = .success(try await body(server))
            } catch {
                outcome = .failure(error)
            }
            try? await execution.standardInputWriter.finish()
            return outcome
        }
        return try result.closureResult.get()
    }

    private static func port(_ folder: String) async throws -> String {
        while true {
            let text = try? String(contentsOfFile: "\(folder)/port", encoding: .utf8)
            if let text, text.hasSuffix("\n") { return String(text.dropLast()) }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// It ends with its standard input, which also ends when the tests are killed.
    private static let script = """
        import os, socket, ssl, sys, threading
        def watch():
            sys.stdin.read()
            os._exit(0)
        threading.Thread(target=watch, daemon=True).start()
        folder = sys.argv[1]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder + "/chain.pem")
        listener = socket.create_server(("127.0.0.1", 0))
        seen = open(folder + "/seen", "w", buffering=1)
        with open(folder + "/port", "w") as file:
            print(listener.getsockname()[1], file=file)
        while True:
            connection, _ = listener.accept()
            try:
                with context.wrap_socket(connection, server_side=True) as secure:
                    words = secure.recv(65536).split(b" ")
                    print(words[0].decode() or "nothing", file=seen)
            except OSError:
                print("refused", file=seen)
        """

    private static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgSwnpy7CBKggPSjBG
        fUTeed653dXqaAmQC1JAUqn48q6hRANCAASgGecaN7vcV3gjJLVltXVekl/MS5JR
        QPqXlVZ4mAkD3H+TU9rkY4Q8E8rIwkxivElAW+HuBhEuAd8gm4D3apwF
        -----END PRIVATE KEY-----

        """
}

extension TLSServer.Certificate {
    /// Good until 2120, for what it is.
    fileprivate var text: String {
        switch self {
        case .selfSigned:
            """
            -----BEGIN CERTIFICATE-----
            MIIBUzCB+qADAgECAgEBMAoGCCqGSM49BAMCMBAxDjAMBgNVBAMMBXJpZ2h0MCAX
            DTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAQMQ4wDAYDVQQDDAVyaWdo
            dDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABKAZ5xo3u9xXeCMktWW1dV6SX8xL
            klFA+peVVniYCQPcf5NT2uRjhDwTysjCTGK8SUBb4e4GES4B3yCbgPdqnAWjQzBB
            MA8GA1UdEQQIMAaHBH8AAAEwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQUihmT
            G9uIGfNXpX9GV1t9YRSnENIwCgYIKoZIzj0EAwIDSAAwRQIhAOaIiGQyZPUH8EUY
            e6bI9zjQy7h/ZYBUt2MZhkKojbOXAiBmULq47SbjfAG3PCrq519FpeYhYlVVTGtt
            4wAnPw+2lw==
            -----END CERTIFICATE-----

            """
        case .otherName:
            """
            -----BEGIN CERTIFICATE-----
            MIIBXTCCAQOgAwIBAgIBAjAKBggqhkjOPQQDAjAQMQ4wDAYDVQQDDAV3cm9uZzAg
            Fw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowEDEOMAwGA1UEAwwFd3Jv
            bmcwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASgGecaN7vcV3gjJLVltXVekl/M
            S5JRQPqXlVZ4mAkD3H+TU9rkY4Q8E8rIwkxivElAW+HuBhEuAd8gm4D3apwFo0ww
            SjAYBgNVHREEETAPgg1vdGhlci5leGFtcGxlMA8GA1UdEwEB/wQFMAMBAf8wHQYD
            VR0OBBYEFIoZkxvbiBnzV6V/RldbfWEUpxDSMAoGCCqGSM49BAMCA0gAMEUCIQDr
            SV8VIFtR9jBZyLXr9Ggo9Ph3F6+kHN6TWckrExAfrQIgRuPRyH7UJOF3Sw41Ch7W
            JUnlaPh2QCwXkIAUkVJ7oYI=
            -----END CERTIFICATE-----

            """
        }
    }
}
