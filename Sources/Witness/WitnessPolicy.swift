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

    init(logs: [VerifierKey], witnesses: [Witness], groups: [Group], quorum: Member?) {
        self.logs = logs
        self.witnesses = witnesses
        self.groups = groups
        self.quorum = quorum
    }

    /// Reads a policy.
    ///
    /// Strict: what is not understood is an error, since a line that is passed over could be the
    /// one that makes the difference.
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
        }
    }

    /// Checks that a log may use this policy and that every witness can be asked.
    ///
    /// A log is known by its public key alone: the specification takes a key only once, and several
    /// logs of one deployment share theirs.
    func check(log key: VerifierKey) throws(WitnessPolicyError) {
        guard logs.isEmpty || logs.contains(where: { $0.publicKey == key.publicKey }) else {
            throw WitnessPolicyError(.otherLog)
        }
    }

    /// Checks that every witness can be asked.
    func checkURLs() throws(WitnessPolicyError) {
        if let witness = witnesses.first(where: { $0.url == nil }) {
            throw WitnessPolicyError(line: witness.line, .missingURL)
        }
    }
}
