/// Why a key or a value cannot be had.
package enum VaultError: Error, Equatable, CustomStringConvertible {
    /// The file of the root key cannot be read or written.
    case rootKeyUnreadable(path: String)
    /// The file does not hold 64 hexadecimal digits.
    case rootKeyMalformed(path: String)
    /// The file may be read by everybody, or written by others than its owner.
    case rootKeyOpenToOthers(path: String)
    /// The stored keys were wrapped by another root key.
    case wrongRootKey(id: String)
    /// A value could not be sealed.
    case sealingFailed
    /// A sealed value is damaged, or is not what it was taken for.
    case openingFailed

    package var description: String {
        switch self {
        case .rootKeyUnreadable(let path):
            "cannot read the root key from \(path)"
        case .rootKeyMalformed(let path):
            "\(path) is no root key: 64 hexadecimal digits are expected (openssl rand -hex 32)"
        case .rootKeyOpenToOthers(let path):
            "\(path) holds the root key, and others than its owner may read or write it "
                + "(chmod 600 \(path))"
        case .wrongRootKey(let id):
            "root key \(id) is not the one that this database's keys are wrapped with"
        case .sealingFailed: "a value could not be sealed"
        case .openingFailed: "a sealed value does not open"
        }
    }
}
