package import MerkleLog

/// Why a policy cannot be used, and where.
package struct WitnessPolicyError: Error, Equatable {
    /// What is wrong.
    package enum Reason: Sendable, Equatable {
        /// More bytes than any policy of ours needs.
        case tooLarge
        /// The last line has no newline, so the file may have been cut.
        case unendedLine
        /// A control character other than tab and newline.
        case controlCharacter
        /// A line that begins with another word than `log`, `witness`, `group` or `quorum`.
        case unknownKeyword
        /// A line with too few or too many items.
        case wrongItemCount
        /// This is not a verifier key.
        case malformedKey(NoteError)
        /// A log's key that signs as a witness, or the other way round.
        case wrongKeyType
        /// The public key stands in a line above, under whatever name.
        case duplicateKey
        /// The name is defined in a line above.
        case duplicateName
        /// `none` cannot be a witness, a group or a member.
        case reservedName
        /// The name is not defined in a line above.
        case unknownName
        /// The name is a member of a group already.
        case repeatedMember
        /// The number of a group is not a number from 1 to the count of its members.
        case malformedThreshold
        /// What should be an address is no http or https URL.
        case malformedURL
        /// More logs, witnesses or groups than are supported.
        case tooMany
        /// There is a quorum line above.
        case secondQuorum
        /// There is no quorum line.
        case noQuorum
        /// The witness has no URL, so it cannot be asked.
        case missingURL
        /// The quorum needs witnesses whose lines were skipped.
        case quorumOutOfReach
        /// The policy names logs, and none of them is ours.
        case otherLog
    }

    /// From 1; nil when it is about the policy as a whole.
    package let line: Int?
    package let reason: Reason

    init(line: Int? = nil, _ reason: Reason) {
        self.line = line
        self.reason = reason
    }
}

extension WitnessPolicyError: CustomStringConvertible {
    package var description: String {
        "\(line.map { "line \($0) of the witness policy" } ?? "the witness policy"): \(words)"
    }

    private var words: String {
        switch reason {
        case .tooLarge: "it has more than \(WitnessLimits.policyBytesMax) bytes"
        case .unendedLine: "the line does not end with a newline, so the file may have been cut"
        case .controlCharacter: "there is a control character in it"
        case .unknownKeyword: "it begins with none of log, witness, group and quorum"
        case .wrongItemCount: "there are too few or too many items in it"
        case .malformedKey(let error): "\(error)"
        case .wrongKeyType: "the key is of the wrong type for this line"
        case .duplicateKey: "the public key is there already"
        case .duplicateName: "the name is there already"
        case .reservedName: "the name none has a meaning of its own"
        case .unknownName: "a name in it is not defined above"
        case .repeatedMember: "a name in it is a member of a group already"
        case .malformedThreshold: "the number is not within 1 and the number of members"
        case .malformedURL: "the address is no http or https URL"
        case .tooMany: "there are more lines of this kind than are supported"
        case .secondQuorum: "there is a quorum line already"
        case .noQuorum: "there is no quorum line"
        case .missingURL: "the witness has no URL, so it cannot be asked"
        case .quorumOutOfReach:
            "the quorum needs witnesses whose keys are of a type that is not known here"
        case .otherLog: "it names logs, and this ledger is none of them"
        }
    }
}
