import Foundation
import Testing
import TokenLedgerClient
import Wire

@Suite("verifying webhooks", .timeLimit(.minutes(1)))
struct WebhookVerifierTests {
    /// A signature that Python's hmac made of secret, id, time and body.
    private struct Delivery {
        let secret: String
        let id: String
        let seconds: Int64
        let body: String
        let code: String

        func check(
            secrets: [String]? = nil,
            id: String? = nil,
            timestamp: String? = nil,
            signature: String? = nil,
            body: String? = nil,
            late seconds: Int64 = 0
        ) throws(WebhookVerifier.Failure) {
            try WebhookVerifier(secrets: secrets ?? [secret]).verify(
                Array((body ?? self.body).utf8),
                id: id ?? self.id,
                timestamp: timestamp ?? "\(self.seconds)",
                signature: signature ?? "v1,\(code)",
                now: Date(timeIntervalSince1970: Double(self.seconds + seconds))
            )
        }
    }

    /// The first is that of the specification's own libraries.
    private static let known = Delivery(
        secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        seconds: 1_614_265_330,
        body: #"{"test": 2432232314}"#,
        code: "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )
    private static let other = Delivery(
        secret: "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1"
            + "Njc4OTo7PD0+Pw==",
        id: "019ab8f2-6a31-7c55-9c0e-3d6a3f6a1d01",
        seconds: 1_790_000_000,
        body: "",
        code: "qeoQX609Zxw9Tst5ahlcnAbC0uZ9e5hgyae6V8C0l3I="
    )

    @Test("what another program has signed is believed, alone or among other signatures")
    func good() throws {
        for delivery in [Self.known, Self.other] {
            try delivery.check()
            try delivery.check(signature: "v1a,xx v1,AAAA v1,\(delivery.code) v2,zz")
            try delivery.check(secrets: [Self.known.secret, Self.other.secret])
            try delivery.check(late: 300)
            try delivery.check(late: -300)
        }
    }

    @Test("nothing else is believed")
    func bad() {
        let known = Self.known
        #expect(throws: WebhookVerifier.Failure.unsigned) { try known.check(body: "{}") }
        #expect(throws: WebhookVerifier.Failure.unsigned) { try known.check(id: "msg_other") }
        #expect(throws: WebhookVerifier.Failure.unsigned) {
            try known.check(timestamp: "1614265331")
        }
        #expect(throws: WebhookVerifier.Failure.unsigned) {
            try known.check(secrets: [Self.other.secret])
        }
        for signature in [
            "v2,\(known.code)", known.code, "v1,", "v1,\(known.code.dropLast(4))",
            "v1,\(known.code)AAAA", "v1,\(known.code.dropLast())", "v1 \(known.code)",
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OF=",
        ] {
            #expect(throws: WebhookVerifier.Failure.unsigned, "\(signature)") {
                try known.check(signature: signature)
            }
        }
        for late: Int64 in [301, -301] {
            #expect(throws: WebhookVerifier.Failure.untimely) { try known.check(late: late) }
        }
    }

    @Test("headers that cannot be are told by name")
    func headers() {
        let known = Self.known
        for timestamp in ["", " 1614265330", "+1614265330", "01614265330", "1.6e9", "-1"] {
            #expect(throws: WebhookVerifier.Failure.malformedHeader("webhook-timestamp")) {
                try known.check(timestamp: timestamp)
            }
        }
        for id in ["", "a.b", String(repeating: "a", count: 257)] {
            #expect(throws: WebhookVerifier.Failure.malformedHeader("webhook-id")) {
                try known.check(id: id)
            }
        }
        let many = Array(repeating: "v1,\(known.code)", count: 17).joined(separator: " ")
        for signature in ["", many] {
            #expect(throws: WebhookVerifier.Failure.malformedHeader("webhook-signature")) {
                try known.check(signature: signature)
            }
        }
        #expect(throws: WebhookVerifier.Failure.malformedHeader("webhook-id")) {
            try WebhookVerifier(secrets: [known.secret])
                .verify([], id: nil, timestamp: nil, signature: nil)
        }
    }

    @Test("a secret has its prefix and 24 to 64 bytes, and no textual form")
    func secrets() throws {
        for bytes in [24, 64] {
            let text = "whsec_" + Base64.standard.encode([UInt8](repeating: 7, count: bytes))
            let verifier = try WebhookVerifier(secrets: [text])
            var shown = ""
            dump(verifier, to: &shown)
            #expect("\(verifier)\(shown)".contains("verifier with 1 secrets"))
        }
        for bytes in [23, 65] {
            let text = "whsec_" + Base64.standard.encode([UInt8](repeating: 7, count: bytes))
            #expect(throws: WebhookVerifier.Failure.malformedSecret) {
                try WebhookVerifier(secrets: [text])
            }
        }
        for secrets in [[], ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], ["whsec_MfKQ*"]] {
            #expect(throws: WebhookVerifier.Failure.malformedSecret) {
                try WebhookVerifier(secrets: secrets)
            }
        }
    }
}
