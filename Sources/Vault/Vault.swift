internal import Crypto
package import Ledger
package import MerkleLog
package import Traces
internal import Wire

/// What a fingerprint is of.
///
/// The kind goes into the MAC, so equal values of different kinds differ.
package enum FingerprintKind: String, Sendable {
    /// A `clientUserId`.
    case user
    /// A `humanId`.
    case human
    /// A session token.
    case session
    /// A `session_challenge` of a launch.
    case challenge
    case accessToken = "access_token"
    case publicToken = "public_token"
    /// An `Idempotency-Key`, with the route it was sent to.
    case request
    /// What was taken over of a user from another system, by fingerprints.
    case takenOver = "taken_over"
}

/// What a sealed value is.
package enum ValueKind: String, Sendable {
    case accessToken = "access_token"
    case publicToken = "public_token"
    case clientUserID = "client_user_id"
    case humanID = "human_id"
    /// Kept from the intent to the outcome of one finalize; its version is the intent's.
    case sessionToken = "session_token"
    /// Whom a finish named, while nobody is linked; its version is the intent's.
    case claimedHumanID = "claimed_human_id"
    /// The provider's answer to an exchange, kept outside the database until it is recorded.
    case providerAnswer = "provider_answer"
    case clientSecret = "client_secret"
    case appKey = "app_key"
    case webhook
}

extension ValueKind {
    /// Which of a user's two tokens it is; nil for every other value.
    package var tokenKind: TokenKind? {
        switch self {
        case .accessToken: .accessToken
        case .publicToken: .publicToken
        case .clientUserID, .humanID, .sessionToken, .claimedHumanID, .providerAnswer,
            .clientSecret, .appKey, .webhook:
            nil
        }
    }

    /// Under which kind its fingerprint stands in the log; nil for what has none there.
    package var fingerprintKind: FingerprintKind? {
        switch self {
        case .accessToken: .accessToken
        case .publicToken: .publicToken
        case .clientUserID: .user
        case .humanID, .claimedHumanID: .human
        case .sessionToken: .session
        case .providerAnswer, .clientSecret, .appKey, .webhook: nil
        }
    }
}

extension TokenKind {
    /// What a token of this kind is in the vault.
    package var valueKind: ValueKind {
        switch self {
        case .accessToken: .accessToken
        case .publicToken: .publicToken
        }
    }
}

/// Whose value it is: goes into the associated data of every ciphertext.
package struct ValueOwner: Sendable, Hashable {
    package let logID: Int32
    package let app: Identifier
    package let subject: Identifier

    package init(logID: Int32, app: Identifier, subject: Identifier) {
        self.logID = logID
        self.app = app
        self.subject = subject
    }
}

/// What stands beside a record, and is found by: goes into its MAC.
package struct RecordPlace: Sendable {
    package let logID: Int32
    package let event: Identifier
    package let app: Identifier
    package let subject: Identifier?
    /// Nil for an event that is not counted.
    package let version: Int64?

    package init(
        logID: Int32,
        event: Identifier,
        app: Identifier,
        subject: Identifier?,
        version: Int64?
    ) {
        self.logID = logID
        self.event = event
        self.app = app
        self.subject = subject
        self.version = version
    }
}

/// The key of one subject's values.
package struct DataKey: Sendable {
    let key: SymmetricKey
}

/// Seals and opens values, and computes keyed fingerprints (docs/design.md#vault-and-keys).
package final class Vault: Sendable {
    private let rootKeys: RootKeys
    let fingerprintMAC: KeyedMAC
    let launchMAC: KeyedMAC
    private let checkpointKey: SymmetricKey

    /// Takes the root keys, and the deployment's own keys as `RootKeys.openMasterKey` gives them.
    package init(
        rootKeys: RootKeys,
        fingerprint: MasterKey,
        launch: MasterKey,
        checkpoint: MasterKey
    ) {
        self.rootKeys = rootKeys
        fingerprintMAC = KeyedMAC(fingerprint.key)
        launchMAC = KeyedMAC(launch.key)
        checkpointKey = checkpoint.key
        databaseSecret = Array(
            HMAC<SHA256>.authenticationCode(
                for: Array("token-ledger/1 database".utf8),
                using: checkpoint.key
            )
        )
    }

    /// Signs the checkpoints of a log.
    ///
    /// The signer's name is the log's origin.
    ///
    /// The origin names the deployment by a MAC under the checkpoint key, so it stays the same as
    /// long as the key and differs between deployments.
    package func checkpointSigner(logID: Int32) -> NoteSigner { signer("\(logID)") }

    /// Signs what the logs held at one time, with the logs' key under a name of its own.
    package var cutSigner: NoteSigner { signer(VerifierKey.cutName) }

    private func signer(_ last: String) -> NoteSigner {
        let mac = HMAC<SHA256>.authenticationCode(
            for: Array("token-ledger/1 origin".utf8),
            using: checkpointKey
        )
        let deployment = Hexadecimal.encode(mac.prefix(8))
        let seed = unsafe checkpointKey.withUnsafeBytes { unsafe Array($0) }
        do {
            return try NoteSigner(
                name: "token-ledger/\(deployment)/\(last)",
                seed: seed
            )
        } catch {
            preconditionFailure("A key of 32 bytes and a name of this form make a signer.")
        }
    }

    /// What whoever appends or publishes shows to the database, which has only its hash.
    package let databaseSecret: [UInt8]

    /// The name of the root key that wraps, stored beside everything that it wraps.
    package var rootKeyID: String { rootKeys.current.id }

    /// The name of the root key that only opens, while a rotation lasts.
    package var otherRootKeyID: String? { rootKeys.other?.id }

    /// The keyed fingerprint of an app's value.
    package func fingerprint(
        _ kind: FingerprintKind,
        of value: Secret,
        app: Identifier
    ) -> Fingerprint {
        var text = AssociatedBytes("fingerprint", kind.rawValue)
        text.append(app)
        text.append(contentsOf: value.exposed.utf8)
        let code = fingerprintMAC.code(of: text.bytes)
        guard let fingerprint = Fingerprint(code.bytes()) else {
            preconditionFailure("HMAC-SHA-256 has 32 bytes.")
        }
        return fingerprint
    }

    /// What a W3C trace context becomes in a record of an app.
    ///
    /// It has the same form, and the same trace has the same id again, so that an event is found
    /// by its trace. But nothing that a caller wrote is left in it: a token of 32 hexadecimal
    /// digits could pass for a trace id.
    package func traceparent(_ context: TraceContext, app: Identifier) -> String {
        let trace = pseudonym("trace", context.trace.text, app)
        let span = pseudonym("span", context.trace.text + context.span.text, app)
        return "00-\(Hexadecimal.encode(trace))-\(Hexadecimal.encode(span.prefix(8)))-"
            + (context.isSampled ? "01" : "00")
    }

    private func pseudonym(_ kind: String, _ text: String, _ app: Identifier) -> [UInt8] {
        var pseudonym = AssociatedBytes("traceparent", kind)
        pseudonym.append(app)
        pseudonym.append(contentsOf: text.utf8)
        return fingerprintMAC.code(of: pseudonym.bytes).bytes(16)
    }

    /// 32 bytes that nobody without the key of fingerprints can make, for a use of their own.
    func code(_ use: StaticString, _ text: [UInt8]) -> [UInt8] {
        var data = AssociatedBytes(use, "")
        data.append(contentsOf: text)
        return fingerprintMAC.code(of: data.bytes).bytes()
    }

    /// The one-time token of a direct launch: the launch and a MAC over it, in base64url.
    ///
    /// Nothing about it is stored, so no copy of the database gives one away.
    package func launchToken(_ launch: Identifier) -> Secret {
        Secret(Base64.url.encode(launch.bytes + launchMAC.code(of: launch.bytes).bytes()))
    }

    /// The launch that a token was made for; nil unless we made the token.
    package func launch(of token: String) -> Identifier? { identifier(of: token, use: []) }

    /// What whoever posts a finish directly gets to confirm it with: the finalize and a MAC over it,
    /// in base64url.
    package func finishCode(_ finalize: Identifier) -> Secret {
        let code = launchMAC.code(of: Self.finishCodeUse + finalize.bytes)
        return Secret(Base64.url.encode(finalize.bytes + code.bytes()))
    }

    /// The finalize that a code was made for; nil unless we made the code.
    package func finalize(of code: String) -> Identifier? {
        identifier(of: code, use: Self.finishCodeUse)
    }

    private static let finishCodeUse = Array("finish code ".utf8)

    func identifier(of text: String, use: [UInt8]) -> Identifier? {
        guard let bytes = Base64.url.decode(text.utf8), bytes.count == 48,
            // The library's comparison takes the same time wherever they differ.
            launchMAC.code(of: use + bytes[..<16]) == bytes[16...]
        else { return nil }
        return Identifier(bytes: bytes[..<16])
    }

    /// A key for a new subject.
    package func newDataKey() -> DataKey {
        DataKey(key: SymmetricKey(size: .bits256))
    }

    /// Wraps a subject's key, as it is stored.
    package func wrap(_ key: DataKey, for owner: ValueOwner) throws(VaultError) -> [UInt8] {
        try rootKeys.current.wrap(key.key, purpose: Self.purpose(of: owner))
    }

    /// Opens a subject's key; fails unless it was wrapped for this owner.
    package func unwrap(_ wrapped: [UInt8], for owner: ValueOwner) throws(VaultError) -> DataKey {
        DataKey(key: try rootKeys.unwrap(wrapped, purpose: Self.purpose(of: owner)))
    }

    /// Whether the root key of this name has wrapped a subject's key.
    package func isWrapped(_ wrapped: [UInt8], for owner: ValueOwner, by id: String) -> Bool {
        guard let named = rootKeys.named(id) else { return false }
        return (try? named.unwrap(wrapped, purpose: Self.purpose(of: owner))) != nil
    }

    /// The same key of the deployment as the current root key wraps it.
    package func rewrapMasterKey(
        _ wrapped: [UInt8],
        _ purpose: MasterKeyPurpose
    ) throws(VaultError) -> [UInt8] {
        try rootKeys.rewrapMasterKey(wrapped, purpose)
    }

    /// Seals a value under its subject's key.
    package func seal(
        _ value: Secret,
        _ kind: ValueKind,
        version: Int64,
        for owner: ValueOwner,
        key: DataKey
    ) throws(VaultError) -> [UInt8] {
        do {
            let box = try AES.GCM.seal(
                value.exposedBytes,
                using: key.key,
                authenticating: Self.associatedData(kind, version, owner)
            )
            guard let combined = box.combined else { throw VaultError.sealingFailed }
            return Array(combined)
        } catch {
            throw .sealingFailed
        }
    }

    /// Opens a value; fails unless it was sealed as this kind and version for this owner.
    package func open(
        _ sealed: [UInt8],
        _ kind: ValueKind,
        version: Int64,
        for owner: ValueOwner,
        key: DataKey
    ) throws(VaultError) -> Secret {
        do {
            let plain = try AES.GCM.open(
                AES.GCM.SealedBox(combined: sealed),
                using: key.key,
                authenticating: Self.associatedData(kind, version, owner)
            )
            return Secret(String(decoding: plain, as: UTF8.self))
        } catch {
            throw .openingFailed
        }
    }

    private static func purpose(of owner: ValueOwner) -> [UInt8] {
        var purpose = AssociatedBytes("data key", String(owner.logID))
        purpose.append(owner)
        return purpose.bytes
    }

    private static func associatedData(
        _ kind: ValueKind,
        _ version: Int64,
        _ owner: ValueOwner
    ) -> [UInt8] {
        var data = AssociatedBytes("value", kind.rawValue, String(version), String(owner.logID))
        data.append(owner)
        return data.bytes
    }
}
