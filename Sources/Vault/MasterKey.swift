internal import Crypto

/// What each of the deployment's own keys is for; the names are stored beside the keys.
package enum MasterKeyPurpose: String, CaseIterable, Sendable {
    case fingerprint, launch, checkpoint

    var associatedData: [UInt8] { Array("token-ledger/1 master key \(rawValue)".utf8) }
}

/// One of the deployment's own keys.
package struct MasterKey: Sendable {
    let key: SymmetricKey
}

extension RootKey {
    /// Makes a new key of the deployment, wrapped as it is stored.
    package func makeMasterKey(_ purpose: MasterKeyPurpose) throws(VaultError) -> [UInt8] {
        try wrap(SymmetricKey(size: .bits256), purpose: purpose.associatedData)
    }
}
