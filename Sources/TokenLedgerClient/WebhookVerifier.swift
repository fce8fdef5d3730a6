internal import Crypto
public import Foundation
internal import Wire

/// Tells whether a webhook is from the holder of a secret, by the Standard Webhooks specification.
///
/// Verify before the body is read as anything but bytes, and remember the ids that were handled: a
/// delivery may come more than once.
public struct WebhookVerifier: Sendable {
    /// Why a delivery must not be believed.
    public enum Failure: Error, Sendable, Equatable {
        /// A secret is not `whsec_` and the base64 of 24 to 64 bytes, or there is none.
        case malformedSecret
        /// A header is missing or cannot be.
        case malformedHeader(String)
        /// The delivery was signed more than five minutes ago, or in the future: a repeated one, or a clock
        /// that is wrong.
        case untimely
        /// No signature is by one of the secrets.
        case unsigned
    }

    /// How far the time of a delivery may be from now, to both sides.
    public static let toleranceSeconds: Int64 = 300

    private static let prefix = "whsec_"
    private static let secretBytes = 24...64
    /// More than any id; ours have 36 characters.
    private static let idBytesMax = 256
    /// A delivery has a signature for each secret that is valid: two while one is replaced.
    private static let signaturesMax = 16

    private let keys: [SymmetricKey]

    /// Believes any of these secrets: two of them while one takes the place of the other.
    ///
    /// - Parameter secrets: each as the service shows it, `whsec_…`.
    /// - Throws: `malformedSecret`
    public init(secrets: [String]) throws(Failure) {
        guard !secrets.isEmpty else { throw .malformedSecret }
        var keys: [SymmetricKey] = []
        for secret in secrets {
            guard secret.hasPrefix(Self.prefix),
                let bytes = Base64.standard.decode(secret.utf8.dropFirst(Self.prefix.utf8.count)),
                Self.secretBytes.contains(bytes.count)
            else { throw .malformedSecret }
            keys.append(SymmetricKey(data: bytes))
        }
        self.keys = keys
    }

    /// Checks a delivery.
    ///
    /// - Parameters:
    ///   - body: the request's body, byte for byte as it came.
    ///   - id: the header `webhook-id`; the same at each attempt.
    ///   - timestamp: the header `webhook-timestamp`, in seconds since 1970.
    ///   - signature: the header `webhook-signature`: one or more of `v1,` and a base64, with blanks between.
    ///   - now: what time it is.
    /// - Throws: `Failure`, and then nothing of the delivery may be used.
    public func verify(
        _ body: [UInt8],
        id: String?,
        timestamp: String?,
        signature: String?,
        now: Date = Date()
    ) throws(Failure) {
        guard let id, !id.isEmpty, id.utf8.count <= Self.idBytesMax, !id.contains(".") else {
            throw .malformedHeader("webhook-id")
        }
        guard let timestamp, let seconds = Int64(timestamp), seconds >= 0, "\(seconds)" == timestamp
        else { throw .malformedHeader("webhook-timestamp") }
        guard let signature, !signature.isEmpty else { throw .malformedHeader("webhook-signature") }
        let (difference, isFar) = Int64(now.timeIntervalSince1970)
            .subtractingReportingOverflow(seconds)
        guard !isFar, abs(difference) <= Self.toleranceSeconds else { throw .untimely }
        let signed = Array("\(id).\(timestamp).".utf8) + body
        let parts = signature.split(separator: " ")
        guard parts.count <= Self.signaturesMax else {
            throw .malformedHeader("webhook-signature")
        }
        // Signatures of other versions are for other readers.
        let isSigned = parts.contains { part in
            guard part.hasPrefix("v1,"), let code = Base64.standard.decode(part.utf8.dropFirst(3))
            else { return false }
            return keys.contains { key in
                HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: signed, using: key)
            }
        }
        guard isSigned else { throw .unsigned }
    }
}

extension WebhookVerifier: CustomStringConvertible, CustomReflectable {
    /// Not the secrets.
    public var description: String { "verifier with \(keys.count) secrets" }
    /// Nothing to look at.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
