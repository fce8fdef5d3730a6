package import MerkleLog

/// Why an export can not be written, gone on with, or read.
package enum BundleError: Error, Equatable {
    /// The system refused to open, read or write a file.
    case system(file: String, problem: String)
    /// The place already has other content.
    case occupied(name: String)
    /// An unfinished export stands there; it can be resumed.
    case unfinished
    /// The export that should be resumed is finished.
    case finished
    /// Another process writes the same export at this moment.
    case inUse
    /// The export that should be resumed was started with other settings; says which.
    case otherPlan(what: String)
    /// What was noted of an unfinished export can not be read.
    case damagedProgress
    /// A file of an unfinished export has less in it than was noted.
    case damagedFile(name: String)
    /// What the export was asked for contradicts itself; says what.
    case malformedPlan(what: String)
    /// The manifest is not as the ledger writes it; says what.
    case malformedManifest(what: String)
    /// A line of a file is not as the ledger writes it.
    case malformedLine(file: String, line: Int64, LineFlaw)
    /// A compressed file is damaged or cut off.
    case gzip(file: String, GzipError)
    /// Stored bytes are not a record.
    case malformedRecord(position: Int64)
}

extension BundleError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .system(let file, let problem): "\(file): \(problem)"
        case .occupied(let name): "\(name) is there already, and is not part of this export"
        case .unfinished: "an unfinished export is there; it can be resumed"
        case .finished: "the export is finished; there is nothing to resume"
        case .inUse: "another process is writing this export"
        case .otherPlan(let what): "the unfinished export was started with another \(what)"
        case .damagedProgress: "what was noted of the unfinished export can not be read"
        case .damagedFile(let name): "\(name) has less in it than was noted"
        case .malformedPlan(let what): what
        case .malformedManifest(let what): "the manifest is malformed: \(what)"
        case .malformedLine(let file, let line, let flaw): "\(file), line \(line): \(flaw)"
        case .gzip(let file, let error): "\(file): \(error)"
        case .malformedRecord(let position): "the record at position \(position) is malformed"
        }
    }
}

extension BundleError {
    /// What is wrong, without the place where the error has one of its own.
    var problem: String {
        switch self {
        case .malformedLine(_, _, let flaw): flaw.description
        case .gzip(_, let error): error.description
        case .system(_, let problem): problem
        case .occupied, .unfinished, .finished, .inUse, .otherPlan, .damagedProgress, .damagedFile,
            .malformedPlan, .malformedManifest, .malformedRecord:
            description
        }
    }
}

/// What is wrong with a line of an export.
package enum LineFlaw: Equatable, Sendable {
    /// It is the last one and does not end.
    case noEnd
    case tooLong
    /// It is not written as the ledger writes it.
    case foreign
    /// It should be a proof behind the one before.
    case noProof
    /// Where it should stand, the file has ended: there are more events than proofs.
    case proofMissing
    /// It should begin a checkpoint.
    case noNote(NoteError)
}

extension LineFlaw: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noEnd: "the last line has no end"
        case .tooLong: "it is longer than any that the ledger writes"
        case .foreign: "it is not written as the ledger writes it"
        case .noProof: "it is no proof, or out of order"
        case .proofMissing: "an event has no proof"
        case .noNote(let error): error.description
        }
    }
}
