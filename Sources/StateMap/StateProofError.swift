package import MerkleLog

/// Why a state's proof is none, or does not prove what it should.
package enum StateProofError: Error, Equatable {
    /// Which of the two logs.
    package enum Log: String, Sendable {
        case maps
        case facts
    }

    /// The file is not made as it should be.
    case malformed
    /// The entry of the log of maps is not made as it should be.
    case malformedStatement
    /// A checkpoint is not what one of the keys has signed, or is of another log.
    case unsoundCheckpoint(Log, NoteError)
    /// Among the keys is none of a log of Token Ledger.
    case noKey
    /// The statement does not stand where it should in the log of maps.
    case entryNotProved(ProofError)
    /// The log of maps has later statements than this one.
    case laterStatement(index: Int, size: Int)
    /// The maps are those of another pair of logs than the one where such a user is at home.
    case otherPair
    /// That a name is nobody's was not shown from the maps of these pairs, where somebody may have it.
    case pairsMissing([Int])
    /// Several proofs are not one of the name's home, then one of each closed pair in order.
    case pairsOutOfOrder
    /// Several proofs are not all about one name that is nobody's, in one ledger.
    case proofsDiffer
    /// The statement is older than the verifier takes.
    case tooOld(seconds: Int, max: Int)
    /// The statement is of a time that is still to come.
    case notYet(seconds: Int)
    /// Too few of the witnesses that the verifier knows have cosigned.
    case notWitnessed(Log)
    /// Too few of them have cosigned within the time that the verifier takes.
    case witnessedTooLongAgo(max: Int)
    /// The map of states does not hold this state, or not nothing.
    case stateNotProved(MapProofError)
    /// The map of states holds something else than what the file says.
    case stateDiffers
    /// What is said to be the state is none, or of another version.
    case stateUnreadable
    /// The state's event stands behind the end of the checkpoint.
    case stateBeyondCheckpoint(position: Int64, size: Int)
    /// The statement has no map of names.
    case noNames
    /// The map of names does not hold this label, or not nothing.
    case nameNotProved(MapProofError)
    /// The label is another subject's, or has one that the file does not show, or of which there is no state.
    case nameOfOther
    /// The file is about another app than was asked for.
    case otherClient
    /// The file is about another `clientUserId` than was asked for, or does not say about whose.
    case otherUser
}

extension StateProofError.Log {
    var name: String { "the log of \(rawValue)" }
}

extension StateProofError {
    /// A word for programs, which stays.
    package var kind: String {
        switch self {
        case .malformed: "proof_malformed"
        case .malformedStatement: "statement_malformed"
        case .unsoundCheckpoint: "checkpoint_unsound"
        case .noKey: "key_missing"
        case .entryNotProved: "statement_not_proved"
        case .laterStatement: "statement_not_last"
        case .otherPair: "pair_differs"
        case .pairsMissing: "pairs_missing"
        case .pairsOutOfOrder: "pairs_out_of_order"
        case .proofsDiffer: "proofs_differ"
        case .tooOld: "too_old"
        case .notYet: "not_yet"
        case .notWitnessed: "not_witnessed"
        case .witnessedTooLongAgo: "witnessed_too_long_ago"
        case .stateNotProved: "state_not_proved"
        case .stateDiffers: "state_differs"
        case .stateUnreadable: "state_unreadable"
        case .stateBeyondCheckpoint: "state_beyond_checkpoint"
        case .noNames: "names_missing"
        case .nameNotProved: "name_not_proved"
        case .nameOfOther: "name_of_other"
        case .otherClient: "client_differs"
        case .otherUser: "user_differs"
        }
    }
}

extension StateProofError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .malformed: "the file is no proof of a state, or was cut or changed"
        case .malformedStatement: "the entry of the log of maps is not made as it should be"
        case .unsoundCheckpoint(let log, let error): "the checkpoint of \(log.name): \(error)"
        case .noKey: "no key of a ledger's log was given"
        case .entryNotProved(let error): "the statement is not in the log of maps: \(error)"
        case .laterStatement(let index, let size):
            "entry \(index) of the log of maps is not the last of \(size): there is a newer answer"
        case .otherPair: "such a user is at home in another pair of logs than the maps of the file"
        case .pairsMissing(let pairs):
            "somebody with this name may be in pairs of logs of which the file has no proof: "
                + pairs.map(String.init).joined(separator: ", ")
        case .pairsOutOfOrder:
            "the proofs are not one of the pair of logs where such a user is at home, and then one of each closed "
                + "pair in order"
        case .proofsDiffer:
            "the proofs of the file are not all about one name that is nobody's, in one ledger with the same pairs "
                + "of logs"
        case .tooOld(let seconds, let max): "the answer is \(seconds) s old, and \(max) s are taken"
        case .notYet(let seconds): "the answer is of a time that comes only in \(seconds) s"
        case .notWitnessed(let log): "too few known witnesses have cosigned \(log.name)"
        case .witnessedTooLongAgo(let max):
            "too few known witnesses have cosigned the log of maps within the last \(max) s"
        case .stateNotProved(let error): "the state does not follow from the map: \(error)"
        case .stateDiffers: "the map holds another state than the file says"
        case .stateUnreadable: "what is said to be the state is none, or of another version"
        case .stateBeyondCheckpoint(let position, let size):
            "the state stands on position \(position), and the checkpoint has \(size) records"
        case .noNames: "the ledger states no map of names, so nothing is proved of a name"
        case .nameNotProved(let error): "the name does not follow from the map: \(error)"
        case .nameOfOther:
            "the user's name leads to another subject than the file shows, or to one without a state"
        case .otherClient: "the file is about another app"
        case .otherUser: "the file is not about this user's id"
        }
    }
}
