internal import Ledger
internal import LedgerStore
internal import MerkleLog
internal import Vault

/// What does not fit at the place of a finding.
///
/// Holds what its sentence needs, and no value. The sentence is made only when it is printed. An
/// error, because a check may give it instead of what it was to read.
enum VerificationFlaw: Error, Equatable {
    // MARK: Positions

    /// The rows of so many positions are not there.
    case rowsMissing(count: Int64)
    case positionRepeated
    case positionNegative
    case rowsBeyondHead(head: Int64)
    case logEndsBeforeHead(head: Int64)
    /// A checkpoint in the database covers more than the log has.
    case logEndsBeforeCheckpoint(size: Int64)
    /// A checkpoint from outside the database covers more than the log has.
    case logSetBack(CheckpointSource, size: Int64)
    /// There are rows of a log that the table of logs does not have.
    case logUnknown

    // MARK: Records

    case recordUnreadable
    case columnDiffers(Column)
    /// The service did not write it: its MAC is not the vault's.
    case recordForged
    /// The stored tile, and with it the next checkpoint, are of another record.
    case recordNotSigned
    /// The stored tile is of another record, and the next checkpoint is of neither history.
    case recordNotInTile
    /// The stored tile is of another record, and no checkpoint follows.
    case recordOrTileDiffers

    // MARK: Statements of the map

    /// It names a checkpoint of the facts that there is not.
    case statementUnfounded
    /// It says that there are so many pairs of logs, of which so many are closed, and there are others.
    case pairsDiffer(stated: Logs)
    /// The map of states, made anew of the first so many facts, has another root.
    case mapDiffers(size: Int64)

    // MARK: Checkpoints

    case rootDiffers(CheckpointSource, size: Int64)
    case emptyRootDiffers
    /// What is stored is not a note, or not signed by the log's key.
    case checkpointUnsound(size: Int64, NoteError)
    case checkpointColumnsDiffer(size: Int64)
    /// The same of the note in the checkpoint folder.
    case keptCheckpointUnsound(NoteError)
    /// It was set aside, and the log's key has signed it.
    case checkpointRemoved(size: Int64)

    // MARK: Tiles

    case tile(level: Int, number: Int64, TileFlaw)
    /// Tiles are stored that no checkpoint covers.
    case tilesNotCovered(level: Int32)
    /// A verification that begins at a checkpoint cannot reach it from the tiles.
    case tilesLeadElsewhere(size: Int64)

    // MARK: Subjects

    case subjectOutOfOrder(after: Int64)
    case subjectVersionNotDue(Int64, due: Int64)
    case subjectAppDiffers
    /// Something happened to a subject who was erased.
    case eventAfterErasure
    /// The user's first event came to a log to which nobody new belonged by then.
    case userMisplaced
    case projectionDiffers(subject: Identifier)
    /// The row says what the events give, and the service did not write it.
    case projectionForged(subject: Identifier)
    case projectionOfNobody(subject: Identifier)
    /// The projection says that a subject was erased, and no event does.
    case erasureNotInLog(subject: Identifier)

    // MARK: Problems

    /// The rows about a user or endpoint are not what the events give.
    case problemsDiffer(about: Identifier)
    /// The numbers beside the rows are not theirs.
    case problemCountsDiffer

    // MARK: Apps, API keys and webhook endpoints

    /// The row of an app, by its `clientId`.
    case appRow(String, RowFlaw)
    /// The row of an API key, by its id.
    case apiKeyRow(String, RowFlaw)
    /// The row of a webhook endpoint, by its id.
    case webhookRow(Identifier, RowFlaw)
    /// What is sealed of a webhook endpoint is not what the service sealed as this version.
    case webhookDoesNotOpen(Identifier)

    // MARK: The vault

    /// What the vault has of a subject.
    case subject(Identifier, VaultFlaw)
    /// What the vault has of an app, by its `clientId`.
    case app(String, VaultFlaw)
    case dataKeyOfNobody(subject: Identifier)
    case valueWithoutDataKey(subject: Identifier)
    /// The event tells of a drop of values whose grace was not over.
    case droppedWithinGrace
    /// A lookup that is there; its kind as stored.
    case lookup(kind: String, LookupFlaw)
    case masterKeyMissing(MasterKeyPurpose)
    case masterKeyDoesNotOpen(MasterKeyPurpose)
    /// No purpose that this program knows.
    case masterKeyUnknown

    /// A column that repeats what the record says.
    enum Column: String {
        case eventID = "event_id"
        case appID = "app_id"
        case subject
        case subjectVersion = "subject_version"
        case type
        case recordedAt = "recorded_at"
    }
}

/// What does not fit between the row of an app, an API key or a webhook endpoint and the events about
/// it.
enum RowFlaw {
    case missing
    /// No event made it.
    case ofNobody
    case differs
}

/// What does not fit in a stored tile.
enum TileFlaw {
    case missing
    case unreadable
    /// Its hashes are not those of the records.
    case differs
    /// Its root is not that of its hashes.
    case rootDiffers
}

/// What does not fit between a stored lookup and the event that should have made it.
enum LookupFlaw {
    case eventMissing
    case subjectDiffers
    case eventDiffers
}

/// What does not fit in what the vault has of one subject or app.
enum VaultFlaw: Equatable {
    case dataKeyMissing
    case dataKeyDoesNotOpen
    case dataKeyOfOtherRootKey
    case valueMissing(ValueKind)
    /// A value that must be there is not, or is not the one that the log names.
    case valueUnreadable(ValueKind)
    case valueDoesNotOpen(StoredValue)
    /// The value has another fingerprint than the one that the log names.
    case valueDiffers(StoredValue)
    case valueNotNamed(StoredValue)
    case valueNotOfApp(StoredValue)
    /// A token was replaced, its value is gone, and no event says that it was dropped.
    case pastValueMissing(StoredValue)
    /// An event says that the value was dropped.
    case droppedValueThere(StoredValue)
    /// What is kept of an app differs from what its events say that it has decided.
    case decisionDiffers
    /// A subject was erased, and this is still there.
    case valueLeft(StoredValue)
    case dataKeyLeft
    case lookupLeft(LookupKind)
    /// The `clientUserId` cannot be read, so that nobody can say which lookup must be there.
    case userLookupUnknown
    case lookupMissing(LookupKind)
    case lookupPointsElsewhere(LookupKind)
    /// The claim is there, and its home has no reservation of it: somebody else could claim the same.
    case reservationMissing(LookupKind)
    /// The reservation in the claim's home is another user's, or one with which the claim cannot have been made.
    case reservationDiffers(LookupKind)
    /// The claim was made with a reservation that was burned before: an append must have refused it.
    case reservationBurned(LookupKind)
    /// Somebody else has claimed the same in a log of before others were added.
    case claimedTwice(LookupKind)

    /// Which value it is; its kind as stored, which may be none that this program knows.
    struct StoredValue: Equatable {
        let kind: String
        let version: Int64
    }
}
