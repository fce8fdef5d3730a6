package import MerkleLog

/// What the witnesses of a policy said about one checkpoint.
package struct QuorumAnswer: Sendable, Equatable {
    /// A witness that refused, and why in words.
    package struct Refusal: Sendable, Equatable {
        package let witness: String
        package let why: String
    }

    /// A witness whose last checkpoint is larger than the one that was shown.
    package struct Ahead: Sendable, Equatable {
        package let witness: String
        package let size: Int
    }

    /// The checkpoint with its cosignatures; nil when they are too few.
    package fileprivate(set) var note: SignedNote?
    /// The first refusal.
    package fileprivate(set) var refusal: Refusal?
    /// The witness with the largest checkpoint.
    package fileprivate(set) var ahead: Ahead?
    /// Who has nothing to use, and why, in words; empty when all is well.
    package fileprivate(set) var failures: [String] = []
}

/// Gathers what the witnesses say, one after the other.
struct QuorumTally {
    private let policy: WitnessPolicy
    private let note: SignedNote
    private var signatures: [Int: NoteSignature] = [:]
    private var answer = QuorumAnswer()

    init(policy: WitnessPolicy, note: SignedNote) {
        self.policy = policy
        self.note = note
    }

    /// Whether enough witnesses have signed.
    var isSatisfied: Bool {
        policy.isSatisfied(by: Set(signatures.keys.map { policy.witnesses[$0].key }))
    }

    mutating func add(_ said: WitnessAnswer, of place: Int) {
        let name = policy.witnesses[place].name
        switch said {
        case .cosigned(let signature): signatures[place] = signature
        case .conflict(let size):
            if size > answer.ahead?.size ?? -1 {
                answer.ahead = QuorumAnswer.Ahead(witness: name, size: size)
            }
        case .refused(let refusal):
            if answer.refusal == nil {
                answer.refusal = QuorumAnswer.Refusal(witness: name, why: "\(refusal)")
            }
        case .failed(let failure): answer.failures.append("\(name): \(failure)")
        }
    }

    /// All of it; the cosignatures stand in the order of the policy.
    func result() throws(NoteError) -> QuorumAnswer {
        var answer = answer
        if isSatisfied {
            var cosigned = note
            try cosigned.add(signatures.sorted { $0.key < $1.key }.map(\.value))
            answer.note = cosigned
        }
        answer.failures.sort()
        return answer
    }
}
