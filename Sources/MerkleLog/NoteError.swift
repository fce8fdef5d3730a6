/// Why a note, a key or what a note carries can not be used.
package enum NoteError: Error, Equatable {
    /// More bytes than any note of ours needs.
    case tooLarge(bytesMax: Int)
    /// More signatures than any note of ours needs.
    case tooManySignatures(max: Int)
    /// Not UTF-8, or a control character other than a newline.
    case malformedText
    /// No empty line in front of the signatures, or no signature behind it.
    case unsigned
    /// A line in the place of a signature is not a signature.
    case malformedSignature
    /// A key's name is empty, or has a space or a plus in it.
    case malformedName
    /// The text is not a verifier key, or its hash belongs to another key.
    case malformedKey
    /// A signature of a type that we do not know.
    case unknownKeyType(UInt8)
    /// A secret key has another length than 32 bytes.
    case malformedSeed
    /// Two different keys that we trust have one name and one id.
    case ambiguousKey(name: String)
    /// A key that we trust did not make the signature that bears its name.
    case badSignature(name: String)
    /// None of the keys that we trust has signed.
    case notSignedByKnownKey
    /// The text is no checkpoint.
    case malformedCheckpoint
    /// The text is no cut.
    case malformedCut
    /// The checkpoint is of another log.
    case otherOrigin
    /// A request to a witness is not made as `tlog-witness` says.
    case malformedWitnessRequest
    /// A proof is not made as `tlog-proof` says.
    case malformedEntryProof
    /// The library that signs gave an error.
    case signingFailed
}

extension NoteError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tooLarge(let max): "the note has more than \(max) bytes"
        case .tooManySignatures(let max): "the note has more than \(max) signatures"
        case .malformedText: "the note is not UTF-8, or has control characters"
        case .unsigned: "the note has no signature"
        case .malformedSignature: "a signature line is malformed"
        case .malformedName: "a key's name is empty, or has a space or a plus in it"
        case .malformedKey: "the verifier key is malformed"
        case .unknownKeyType(let type): "keys of type \(type) are unknown"
        case .malformedSeed: "a secret key has 32 bytes"
        case .ambiguousKey(let name): "two keys named \(name) have the same id"
        case .badSignature(let name): "the signature of \(name) is wrong"
        case .notSignedByKnownKey: "no known key has signed"
        case .malformedCheckpoint: "the text is no checkpoint"
        case .malformedCut: "the text is no cut"
        case .otherOrigin: "the checkpoint is of another log"
        case .malformedWitnessRequest: "the request to the witness is malformed"
        case .malformedEntryProof: "the entry's proof is malformed"
        case .signingFailed: "signing failed"
        }
    }
}
