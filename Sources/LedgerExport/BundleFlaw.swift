internal import MerkleLog

/// What does not fit at the place of a finding about a bundle.
///
/// Holds what its sentence needs, and no value. The sentence is made only when it is printed.
enum BundleFlaw: Equatable {
    // MARK: Files

    case fileMissing
    case fileNotListed
    /// Size or hash are not those that the manifest names.
    case fileDiffers
    /// A file as a whole cannot be read; the finding names the file that is checked.
    case unreadable(BundleError)
    /// A file cannot be read to its end; the finding stands at the error's own place.
    case cutShort(BundleError)
    case consistencyMalformed
    case lineCountDiffers(Int64)

    // MARK: Signatures

    case keyNotOfLog
    case keyNotPinned
    case manifestNotSigned(NoteError)
    case signatureOfOtherManifest
    /// The file is not a note, or not signed by the log's key; or a witness's cosignature is wrong.
    case checkpointUnsound(NoteError)
    case checkpointOfOtherLog
    case checkpointDiffers
    case consistencyOfOtherCheckpoints
    case consistencyNotProved(ProofError)

    // MARK: Several logs

    case partMissing
    case partForeign
    /// It is not a cut, or not signed by the logs' key.
    case cutUnsound(NoteError)
    case cutDiffers
    case partOfOtherExport

    // MARK: Events

    case recordUnreadable
    case eventNotAskedFor
    case eventNotProved(ProofError)
    case positionOutOfOrder
    case positionOutsideOfRange
    case userEventsMissing
    case eventCountDiffers(Int64)
    case positionsDiffer
    case rootDiffers
    case proofSurplus

    // MARK: The table, and identities

    case tableRowDiffers
    case tableDiffers
    case identityOutOfOrder
    case identityOfNobody
    case identityCountDiffers(Int64)
}

extension BundleFlaw: CustomStringConvertible {
    /// The sentence for people; the place stands before it.
    var description: String {
        switch self {
        case .fileMissing: "it is missing"
        case .fileNotListed: "the manifest does not list it"
        case .fileDiffers: "it is not the file that the manifest names"
        case .unreadable(let error): error.description
        case .cutShort(let error): error.problem
        case .consistencyMalformed: "it is not written as the ledger writes it"
        case .lineCountDiffers(let count): "it has \(count) lines, not those named"
        case .keyNotOfLog: "the key that it names is no key of its log"
        case .keyNotPinned: "it is signed under another key than you named"
        case .manifestNotSigned(let error), .checkpointUnsound(let error): error.description
        case .signatureOfOtherManifest: "it is of another manifest"
        case .checkpointOfOtherLog: "it is of another log"
        case .checkpointDiffers: "it is not the one that the manifest names"
        case .consistencyOfOtherCheckpoints: "it is not between the two checkpoints"
        case .consistencyNotProved(let error), .eventNotProved(let error): error.description
        case .partMissing: "it is missing, and the cut says that the log has events"
        case .partForeign: "it is no part of the bundle"
        case .cutUnsound(let error): error.description
        case .cutDiffers: "it is not the log, or not as large, as the cut says"
        case .partOfOtherExport: "it is of another export than the first, or not of the whole log"
        case .recordUnreadable: "it is no record that the ledger writes"
        case .eventNotAskedFor: "it is not what the query asks for"
        case .positionOutOfOrder, .identityOutOfOrder: "it is out of order"
        case .positionOutsideOfRange: "it is outside of the range"
        case .userEventsMissing: "before it, events of the user are missing or too many"
        case .eventCountDiffers(let count): "it has \(count) events, not those named"
        case .positionsDiffer: "first or last position is not the one named"
        case .rootDiffers: "the events have another root than the one signed"
        case .proofSurplus: "there are more proofs than events"
        case .tableRowDiffers: "the table's row is not that of the event"
        case .tableDiffers: "it has more, or other, rows than there are events"
        case .identityOfNobody: "no event is of this user"
        case .identityCountDiffers(let count): "it has \(count) users, the events have others"
        }
    }
}
