internal import Ledger
internal import LedgerStore
internal import MerkleLog
internal import Vault

extension VerificationFlaw: CustomStringConvertible {
    /// The sentence for people; the place stands before it.
    var description: String {
        switch self {
        case .rowsMissing(let count): count == 1 ? "the row is missing" : "the rows are missing"
        case .positionRepeated: "the position is given out twice"
        case .positionNegative: "the position is negative"
        case .rowsBeyondHead(let head): "rows stand beyond the head, which says \(head)"
        case .logEndsBeforeHead(let head): "the log ends here, its head says \(head)"
        case .logEndsBeforeCheckpoint(let size):
            "the log ends here, but a checkpoint of size \(size) is stored"
        case .logSetBack(let source, let size):
            "the log ends here, but \(source) was signed over \(size) records: an "
                + "older database was restored, or records were removed"
        case .logUnknown: "rows stand in a log that there is not"
        case .recordUnreadable: "the record is not one that the ledger writes"
        case .columnDiffers(let column): "column \(column.rawValue) differs from \(column.other)"
        case .recordForged: "the service did not write the record: it changes nothing"
        case .recordNotSigned: "the record is not the one that was signed"
        case .recordNotInTile: "the record is not the one whose hash was stored"
        case .recordOrTileDiffers:
            "the record and the stored tile differ, and no checkpoint tells which is right"
        case .statementUnfounded: "the statement names a checkpoint of the facts that is not there"
        case .pairsDiffer(let stated):
            "the statement says that there are \(stated.pairs) pairs of logs, \(stated.closedPairs) of them "
                + "closed, and there are others"
        case .mapDiffers(let size):
            "the map of the first \(size) facts has another root than the statement says"
        case .rootDiffers(let source, let size):
            "the records are not those that \(source) of size \(size) was signed over"
        case .emptyRootDiffers: "the checkpoint of size 0 has not the root of the empty tree"
        case .checkpointUnsound(let size, let error):
            "the stored checkpoint of size \(size): \(error)"
        case .checkpointColumnsDiffer(let size):
            "the stored checkpoint of size \(size): its columns differ from its signed text"
        case .keptCheckpointUnsound(let error): "the checkpoint in the folder: \(error)"
        case .checkpointRemoved(let size):
            "the checkpoint of size \(size) was removed, and the log's key has signed it"
        case .tile(let level, let number, let flaw): flaw.sentence(level, number)
        case .tilesNotCovered(let level):
            "tiles of level \(level) are stored that no checkpoint covers"
        case .tilesLeadElsewhere(let size):
            "the stored tiles do not lead to the checkpoint of size \(size)"
        case .subjectOutOfOrder(let version):
            "the record stands before the subject's version \(version)"
        case .subjectVersionNotDue(let version, let due):
            "version \(version) of the subject stands where \(due) is due"
        case .subjectAppDiffers: "the event is of another app than the subject's earlier ones"
        case .projectionDiffers(let subject):
            "the projection row of subject \(subject) is not what its events give"
        case .projectionForged(let subject):
            "the service did not write the projection row of subject \(subject)"
        case .projectionOfNobody(let subject):
            "the projection has a row of subject \(subject), of whom there are no events"
        case .eventAfterErasure: "the event is of a subject who was erased before"
        case .userMisplaced:
            "a user begins here, in a log to which nobody new belongs since others were added"
        case .erasureNotInLog(let subject):
            "the projection says that subject \(subject) was erased, and no event does"
        case .problemsDiffer(let about):
            "the problems of \(about) are not those that its events give"
        case .problemCountsDiffer: "how many problems there are is not what their rows say"
        case .appRow(let clientID, let flaw): "app \(clientID): its row \(flaw.sentence)"
        case .apiKeyRow(let id, let flaw): "API key \(id): its row \(flaw.sentence)"
        case .webhookRow(let id, let flaw): "webhook endpoint \(id): its row \(flaw.sentence)"
        case .webhookDoesNotOpen(let id):
            "webhook endpoint \(id): what is sealed of it does not open"
        case .subject(let subject, let flaw): "subject \(subject): \(flaw.sentence)"
        case .app(let clientID, let flaw): "app \(clientID): \(flaw.sentence)"
        case .dataKeyOfNobody(let subject):
            "the vault has a data key of subject \(subject), of whom there are no events"
        case .valueWithoutDataKey(let subject):
            "the vault has a value of subject \(subject), who has no data key"
        case .droppedWithinGrace: "values were dropped before their app's grace was over"
        case .lookup(let kind, let flaw): "a lookup of kind \(kind) \(flaw.sentence)"
        case .masterKeyMissing(let purpose):
            "the master key for \(purpose.rawValue) is missing"
        case .masterKeyDoesNotOpen(let purpose):
            "the master key for \(purpose.rawValue) does not open"
        case .masterKeyUnknown: "a master key is stored for no known purpose"
        }
    }
}

extension VerificationFlaw.Column {
    /// What of the record the column repeats.
    fileprivate var other: String {
        switch self {
        case .appID: "the record's source"
        case .eventID, .subject, .subjectVersion, .type, .recordedAt: "the record"
        }
    }
}

extension RowFlaw {
    fileprivate var sentence: String {
        switch self {
        case .missing: "is missing, and events tell of it"
        case .ofNobody: "is there, and no event made it"
        case .differs: "says something else than its events"
        }
    }
}

extension TileFlaw {
    fileprivate func sentence(_ level: Int, _ number: Int64) -> String {
        let tile = "the tile of level \(level) and number \(number)"
        return switch self {
        case .missing: "\(tile) is not stored"
        case .unreadable: "\(tile) is not one"
        // Of the lowest level it is said only once a checkpoint has told which of the two is right.
        case .differs: "\(tile) is not that of the \(level == 0 ? "signed records" : "records")"
        case .rootDiffers: "the stored root of \(tile) is not its own"
        }
    }
}

extension LookupFlaw {
    fileprivate var sentence: String {
        switch self {
        case .eventMissing: "points to an event that is not there"
        case .subjectDiffers: "points to an event of another subject"
        case .eventDiffers: "is not what the event that it points to says"
        }
    }
}

extension VaultFlaw {
    fileprivate var sentence: String {
        switch self {
        case .dataKeyMissing: "the data key is missing"
        case .dataKeyDoesNotOpen: "the data key does not open"
        case .dataKeyOfOtherRootKey: "the data key names another root key"
        case .valueMissing(let kind): "the \(kind.rawValue) is missing"
        case .valueUnreadable(let kind):
            "the \(kind.tokenKind == nil ? "" : "current ")\(kind.rawValue) cannot be read from "
                + "the vault"
        case .valueDoesNotOpen(let value): "the \(value) does not open"
        case .valueDiffers(let value): "the \(value) has not the fingerprint that the log names"
        case .valueNotNamed(let value): "the log names no \(value)"
        case .valueNotOfApp(let value): "an app has no \(value)"
        case .pastValueMissing(let value):
            "the \(value) was replaced and is missing, and no event says that it was dropped"
        case .droppedValueThere(let value):
            "the \(value) is there, and an event says that it was dropped"
        case .decisionDiffers: "what it has decided is not what its events say"
        case .valueLeft(let value): "the subject was erased, and the \(value) is still there"
        case .dataKeyLeft: "the subject was erased, and the data key is still there"
        case .lookupLeft(let kind):
            "the subject was erased, and a lookup of kind \(kind.rawValue) is still there"
        case .userLookupUnknown: "no lookup leads from the client_user_id to the subject"
        case .lookupMissing(let kind): "the lookup of kind \(kind.rawValue) is missing"
        case .lookupPointsElsewhere(let kind):
            "the lookup of kind \(kind.rawValue) points elsewhere"
        case .reservationMissing(let kind):
            "the claim of kind \(kind.rawValue) is not reserved in its home"
        case .reservationDiffers(let kind):
            "what its home has reserved is not the claim of kind \(kind.rawValue)"
        case .reservationBurned(let kind):
            "the claim of kind \(kind.rawValue) was made with a reservation that was burned"
        case .claimedTwice(let kind):
            "somebody else has claimed the same, of kind \(kind.rawValue), before logs were added"
        }
    }
}

extension VaultFlaw.StoredValue: CustomStringConvertible {
    var description: String { "\(kind) of version \(version)" }
}
