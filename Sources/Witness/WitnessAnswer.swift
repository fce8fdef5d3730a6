internal import MerkleLog

/// What came of one question to one witness (C2SP `tlog-witness`).
enum WitnessAnswer: Sendable, Equatable {
    /// It cosigned; the signature was verified under its key, for this checkpoint and about now.
    case cosigned(NoteSignature)
    /// The last checkpoint that it signed has another size than was said (409).
    case conflict(size: Int)
    /// It will not sign this checkpoint.
    case refused(Refusal)
    /// There was no answer, or none that can be used; the same may work a moment later.
    case failed(Failure)

    /// Why a witness does not sign; each is a reason to look closely.
    enum Refusal: Sendable, Equatable {
        /// It does not take the request for one (400).
        case malformedRequest
        /// It does not know this key for the log, or the signature is wrong (403).
        case unknownKey
        /// It does not know the log (404).
        case unknownLog
        /// It signed another tree of the same size (409).
        case otherTree
        /// The checkpoint does not continue the one that it signed (422).
        case notConsistent
    }

    /// Why there is nothing to use.
    enum Failure: Sendable, Equatable {
        case unreachable
        case timedOut
        case answerTooLarge
        /// A status that the protocol does not have, among them redirects.
        case status(Int)
        /// A 200 without a cosignature under the witness's key, or a 409 without a size.
        case malformedAnswer
        /// The cosignature is of another time, this many seconds from ours.
        case clockDiffers(seconds: Int)
        /// Its size changed at every question: others ask it about the same log.
        case busy
    }
}

extension WitnessAnswer.Refusal: CustomStringConvertible {
    var description: String {
        switch self {
        case .malformedRequest: "it takes the request for malformed"
        case .unknownKey: "it does not know the key that signed"
        case .unknownLog: "it does not know this log"
        case .otherTree: "it has signed another tree of the same size"
        case .notConsistent:
            "the records up to the checkpoint that it signed last are not those that it was signed "
                + "over"
        }
    }
}

extension WitnessAnswer.Failure: CustomStringConvertible {
    var description: String {
        switch self {
        case .unreachable: "it cannot be reached"
        case .timedOut: "it does not answer in time"
        case .answerTooLarge: "its answer is too large"
        case .status(let status): "it answers with status \(status)"
        case .malformedAnswer: "its answer has no cosignature of its key"
        case .clockDiffers(let seconds): "its clock is \(seconds) seconds from ours"
        case .busy: "its last checkpoint changes too fast"
        }
    }
}
