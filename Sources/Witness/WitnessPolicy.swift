package import MerkleLog

/// Which witnesses there are, and which of them must have cosigned (C2SP `tlog-policy`).
package struct WitnessPolicy: Sendable {
    /// One witness.
    package struct Witness: Sendable, Equatable {
        /// Its name within the policy.
        package let name: String
        /// What its cosignatures are verified with.
        package let key: VerifierKey
        /// The prefix under which it takes checkpoints (C2SP `tlog-witness`).
        package let url: String?
        /// The line of the policy that defines it.
        let line: Int
    }

    /// Something that can witness a checkpoint: a witness or a group, by its place.
    enum Member: Sendable, Equatable {
        case witness(Int)
        case group(Int)
        /// A witness whose line was skipped: it counts as one that never signs.
        case skipped
    }

    /// A line that names a key of a type that we do not know.
    package struct SkippedLine: Sendable, Equatable {
        /// From 1.
        package let line: Int
        let isLog: Bool
        let keyType: UInt8
    }

    /// Witnesses when at least this many of its members do.
    struct Group: Sendable, Equatable {
        let threshold: Int
        let members: [Member]
    }

    /// The logs that it is for; empty when it does not say.
    package let logs: [VerifierKey]
    /// The witnesses, in the order of their lines.
    package let witnesses: [Witness]
    let groups: [Group]
    /// Nil when no cosignature is needed.
    let quorum: Member?
    /// The lines that were skipped; whoever reads a policy for somebody must tell them.
    package let skipped: [SkippedLine]

    init(
        logs: [VerifierKey],
        witnesses: [Witness],
        groups: [Group],
        quorum: Member?,
        skipped: [SkippedLine]
    ) {
        self.logs = logs
        self.witnesses = witnesses
        self.groups = groups
        self.quorum = quorum
        self.skipped = skipped
    }

    /// Reads a policy.
    ///
    /// Strict: what is not understood is an error, since a line that is passed over could be the
    /// one that makes the difference. The exception are keys of types that we do not know, for
    /// others may already use them: such a line is skipped, and makes nothing easier. Its witness
    /// stays a member of its groups and never signs.
    package init(_ bytes: [UInt8]) throws(WitnessPolicyError) {
        var parser = WitnessPolicyParser()
        self = try parser.parse(bytes)
    }

    /// Whether these keys are enough.
    package func isSatisfied(by signers: Set<VerifierKey>) -> Bool {
        guard let quorum else { return true }
        return isWitnessed(quorum, signers)
    }

    /// A group only has members that were defined before it, so this ends.
    private func isWitnessed(_ member: Member, _ signers: Set<VerifierKey>) -> Bool {
        switch member {
        case .witness(let place): signers.contains(witnesses[place].key)
        case .group(let place):
            groups[place].members.count { isWitnessed($0, signers) } >= groups[place].threshold
        case .skipped: false
        }
    }

    /// Checks that a log may use this policy and that every witness can be asked.
    ///
    /// A log is known by its public key alone: the specification takes a key only once, and several
    /// logs of one deployment share theirs.
    package func check(log key: VerifierKey) throws(WitnessPolicyError) {
        let isForAll = logs.isEmpty && !skipped.contains { $0.isLog }
        guard isForAll || logs.contains(where: { $0.publicKey == key.publicKey }) else {
            throw WitnessPolicyError(.otherLog)
        }
    }

    /// Checks that every witness can be asked, and that all of them are enough.
    package func checkWitnesses() throws(WitnessPolicyError) {
        if let witness = witnesses.first(where: { $0.url == nil }) {
            throw WitnessPolicyError(line: witness.line, .missingURL)
        }
        guard isSatisfied(by: Set(witnesses.map(\.key))) else {
            throw WitnessPolicyError(.quorumOutOfReach)
        }
    }
}

extension WitnessPolicy.SkippedLine: CustomStringConvertible {
    package var description: String {
        "line \(line) of the witness policy is skipped: keys of type \(keyType) are not known here, "
            + (isLog ? "so the log is not" : "so the witness counts as one that never signs")
    }
}
