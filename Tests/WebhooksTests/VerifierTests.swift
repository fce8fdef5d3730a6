import Ledger
import LedgerStore
import Subprocess
import SystemPackage
import TestSupport
import Testing
import Vault
import Wire

/// What is sent, judged by the reference library of Standard Webhooks.
@Suite("the reference library", .timeLimit(.minutes(1)))
struct VerifierTests {
    private static let top =
        "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    /// Where `make ready-for-tests` installs it.
    private static let python = top + "/.build/standardwebhooks/bin/python"
    private static let script = top + "/Tests/WebhooksTests/Verifier/verify.py"

    @Test("takes what is signed, with the new secret and with the old one, and nothing else")
    func verify() async throws {
        try await WebhookScene.run { scene in
            let webhook = try await scene.add { $0.namesUser = true }
            let rotated = try #require(
                try await scene.test.store.rotateSecret(
                    of: webhook,
                    overlapSeconds: 3_600,
                    of: scene.test.app,
                    context: WebhookScene.context
                )
            )
            _ = try await scene.test.connectedUser("jürgen \"J\" müller@example.com")
            // And the rotation itself.
            try await scene.deliver { try await scene.receiver.wait(for: 7) }
            let secrets = [webhook, rotated].map { $0.definition.signings[0].secret.text.exposed }
            let messages = scene.receiver.messages
            let new = try await verdicts(messages, secrets[1])
            let old = try await verdicts(messages, secrets[0])
            let strange = try await verdicts(messages, WebhookSecret().text.exposed)
            let changed = try await verdicts(messages, secrets[1], added: " ")
            #expect(new == [String](repeating: "taken", count: messages.count))
            #expect(old == new)
            #expect(Set(strange) == ["refused"])
            #expect(Set(changed) == ["refused"])
        }
    }

    private func verdicts(
        _ messages: [TestReceiver.Message],
        _ secret: String,
        added: String = ""
    ) async throws -> [String] {
        let lines = messages.map { message in
            let json: JSONValue = [
                "secret": .string(secret), "body": .string(message.text + added),
                "headers": .object(
                    message.headers.map { JSONValue.Member($0.name, .string($0.value)) }
                ),
            ]
            return String(decoding: json.encoded, as: UTF8.self) + "\n"
        }
        let result = try await Subprocess.run(
            .path(FilePath(Self.python)),
            arguments: [Self.script],
            input: .string(lines.joined()),
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        #expect(result.terminationStatus.isSuccess, "\(result.standardError)")
        return result.standardOutput.split(separator: "\n").map(String.init)
    }
}
