internal import MerkleLog

/// What came of one question to one witness (C2SP `tlog-witness`).
enum WitnessAnswer: Sendable, Equatable {
    /// It cosigned; the signature was verified under its key, for this checkpoint and about now.
    case cosigned(NoteSignature)
    /// The last checkpoint that it signed has another size than was said (409).
    case conflict(size: Int)
    /// It will not sign this checkpoint, because it knows another history.
    case refused(Refusal)
    /// There was no cosignature, and nothing was said about the history either; the same may work
    /// later.
    case failed(Failure)

    /// What a witness knows that contradicts the checkpoint: an alarm.
    enum Refusal: Sendable, Equatable {
        /// It signed another tree of the same size (422; 409 before the protocol's version of 2026).
        case otherTree
        /// The checkpoint does not continue the one that it signed (422).
        case notConsistent
    }

    /// Why there is nothing to use.
    enum Failure: Sendable, Equatable {
        case unreachable
        case timedOut
        /// It does not take the request for one (400).
        case malformedRequest
        /// It, or what stands before it, does not let us in, or does not know our key (401, 403).
        case forbidden
        /// It does not know the log, or this is no witness (404).
        case unknownLog
        /// It has too much to do (429, 503); it may say for how many seconds.
        case overloaded(retryAfterSeconds: Int?)
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
        case .malformedRequest: "it takes the request for malformed (400)"
        case .forbidden:
            "it lets nobody in who signs with this key (401 or 403): its operator must add the key "
                + "of the log, or a proxy must let the request through"
        case .unknownLog:
            "it does not know this log (404): its operator must add it, or the policy names a "
                + "wrong address"
        case .overloaded: "it has too much to do (429 or 503)"
        case .answerTooLarge: "its answer is too large"
        case .status(let status): "it answers with status \(status)"
        case .malformedAnswer: "its answer has no cosignature of its key"
        case .clockDiffers(let seconds): "its clock is \(seconds) seconds from ours"
        case .busy: "its last checkpoint changes too fast"
        }
    }
}
