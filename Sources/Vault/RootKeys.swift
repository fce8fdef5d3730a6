internal import Crypto

/// The root keys of a process: the one that wraps, and while a rotation lasts another one that only
/// opens what it has wrapped (docs/operator.md#changing-the-root-key).
package struct RootKeys: Sendable {
    package let current: RootKey
    package let other: RootKey?

    package init(_ current: RootKey, other: RootKey? = nil) {
        self.current = current
        self.other = other
    }

    /// The key of an id.
    func named(_ id: String) -> RootKey? {
        current.id == id ? current : other.flatMap { $0.id == id ? $0 : nil }
    }

    /// Opens what either has wrapped for the purpose.
    func unwrap(_ wrapped: [UInt8], purpose: [UInt8]) throws(VaultError) -> SymmetricKey {
        do {
            return try current.unwrap(wrapped, purpose: purpose)
        } catch {
            guard let other else { throw error }
            // The first error names the key that a deployment goes by.
            guard let key = try? other.unwrap(wrapped, purpose: purpose) else { throw error }
            return key
        }
    }

    /// Opens a key of the deployment; throws `VaultError.wrongRootKey` when neither wrapped it, or
    /// when it was wrapped for another purpose.
    package func openMasterKey(
        _ wrapped: [UInt8],
        _ purpose: MasterKeyPurpose
    ) throws(VaultError) -> MasterKey {
        MasterKey(key: try unwrap(wrapped, purpose: purpose.associatedData))
    }

    /// The same key of the deployment as the current root key wraps it.
    package func rewrapMasterKey(
        _ wrapped: [UInt8],
        _ purpose: MasterKeyPurpose
    ) throws(VaultError) -> [UInt8] {
        let key = try unwrap(wrapped, purpose: purpose.associatedData)
        return try current.wrap(key, purpose: purpose.associatedData)
    }
}
