package import Ledger
package import MerkleLog
package import Vault

/// What a verification works with, besides the database.
package struct VerificationPlan: Sendable {
    /// The kinds of checks; only tests leave any out, to show that each is needed.
    enum Check: CaseIterable, Sendable {
        case positions, head, record, columns, macs, checkpoints, tiles, versions, projection,
            vault, administration
    }

    /// Opens the vault; without it fingerprints are not compared.
    package var rootKeys: RootKeys?
    /// Checkpoints that were kept outside of the database.
    package var checkpointFolder: String?
    /// The same by log, from wherever; they count before those of the folder.
    package var keptCheckpoints: [Int32: [SignedNote]] = [:]
    /// Per log, the size of a checkpoint that was verified before: reading begins there.
    package var since: [Int32: Int64] = [:]
    /// The same of the only log of a kind.
    package var sinceOfOnly: [Log.Kind: Int64] = [:]
    /// The keys that the caller trusts, each named after its log's origin.
    package var keys: [VerifierKey] = []
    var checks = Set(Check.allCases)

    /// A verification of everything that needs no key.
    package init() {}

    /// The key of a log among those that the caller trusts: names end in the log's number.
    func pinnedKey(logID: Int32) -> VerifierKey? {
        keys.first { $0.name.split(separator: "/").last.map(String.init) == String(logID) }
    }
}

/// How far a verification is.
package struct VerificationProgress: Sendable {
    /// What is being read.
    package enum Phase: Sendable {
        case records
        case users
    }

    package let phase: Phase
    package let done: Int64
    /// How much there is, as far as known.
    package let total: Int64
}
