extension VerificationReport.Finding {
    /// What sort of thing does not fit: one word that programs may compare.
    ///
    /// A word stays, and keeps its meaning (docs/auditor.md#kinds-of-findings).
    package enum Kind: String, Sendable, CaseIterable {
        case rowsMissing = "rows_missing"
        case positionRepeated = "position_repeated"
        case positionNegative = "position_negative"
        case rowsBeyondHead = "rows_beyond_head"
        case logEndsBeforeHead = "log_ends_before_head"
        case logEndsBeforeCheckpoint = "log_ends_before_checkpoint"
        case logSetBack = "log_set_back"
        case logUnknown = "log_unknown"

        case recordUnreadable = "record_unreadable"
        case columnDiffers = "column_differs"
        case recordForged = "record_forged"
        case recordNotSigned = "record_not_signed"
        case recordNotInTile = "record_not_in_tile"
        case recordOrTileDiffers = "record_or_tile_differs"

        case statementUnfounded = "statement_unfounded"
        case pairsDiffer = "pairs_differ"
        case mapDiffers = "map_differs"

        case rootDiffers = "root_differs"
        case emptyRootDiffers = "empty_root_differs"
        case checkpointUnsound = "checkpoint_unsound"
        case checkpointColumnsDiffer = "checkpoint_columns_differ"
        case keptCheckpointUnsound = "kept_checkpoint_unsound"
        case checkpointRemoved = "checkpoint_removed"

        case tileMissing = "tile_missing"
        case tileUnreadable = "tile_unreadable"
        case tileDiffers = "tile_differs"
        case tileRootDiffers = "tile_root_differs"
        case tilesNotCovered = "tiles_not_covered"
        case tilesLeadElsewhere = "tiles_lead_elsewhere"

        case subjectOutOfOrder = "subject_out_of_order"
        case subjectVersionNotDue = "subject_version_not_due"
        case subjectAppDiffers = "subject_app_differs"
        case projectionDiffers = "projection_differs"
        case projectionForged = "projection_forged"
        case projectionOfNobody = "projection_of_nobody"
        case eventAfterErasure = "event_after_erasure"
        case userMisplaced = "user_misplaced"
        case erasureNotInLog = "erasure_not_in_log"

        case problemsDiffer = "problems_differ"
        case problemCountsDiffer = "problem_counts_differ"

        case appRowMissing = "app_row_missing"
        case appRowOfNobody = "app_row_of_nobody"
        case appRowDiffers = "app_row_differs"
        case apiKeyRowMissing = "api_key_row_missing"
        case apiKeyRowOfNobody = "api_key_row_of_nobody"
        case apiKeyRowDiffers = "api_key_row_differs"
        case webhookRowMissing = "webhook_row_missing"
        case webhookRowOfNobody = "webhook_row_of_nobody"
        case webhookRowDiffers = "webhook_row_differs"
        case webhookDoesNotOpen = "webhook_does_not_open"

        case dataKeyMissing = "data_key_missing"
        case dataKeyDoesNotOpen = "data_key_does_not_open"
        case dataKeyOfOtherRootKey = "data_key_of_other_root_key"
        case dataKeyOfNobody = "data_key_of_nobody"
        case valueMissing = "value_missing"
        case valueUnreadable = "value_unreadable"
        case valueDoesNotOpen = "value_does_not_open"
        case valueDiffers = "value_differs"
        case valueNotNamed = "value_not_named"
        case valueNotOfApp = "value_not_of_app"
        case valueLeft = "value_left"
        case valueLost = "value_lost"
        case valueNotDropped = "value_not_dropped"
        case valuesDroppedEarly = "values_dropped_early"
        case appDecisionDiffers = "app_decision_differs"
        case dataKeyLeft = "data_key_left"
        case lookupLeft = "lookup_left"
        case valueWithoutDataKey = "value_without_data_key"
        case userLookupUnknown = "user_lookup_unknown"
        case lookupMissing = "lookup_missing"
        case lookupPointsElsewhere = "lookup_points_elsewhere"
        case reservationMissing = "reservation_missing"
        case reservationDiffers = "reservation_differs"
        case reservationBurned = "reservation_burned"
        case claimedTwice = "claimed_twice"
        case lookupEventMissing = "lookup_event_missing"
        case lookupSubjectDiffers = "lookup_subject_differs"
        case lookupEventDiffers = "lookup_event_differs"
        case masterKeyMissing = "master_key_missing"
        case masterKeyDoesNotOpen = "master_key_does_not_open"
        case masterKeyUnknown = "master_key_unknown"
    }
}

extension VerificationFlaw {
    var kind: VerificationReport.Finding.Kind {
        switch self {
        case .rowsMissing: .rowsMissing
        case .positionRepeated: .positionRepeated
        case .positionNegative: .positionNegative
        case .rowsBeyondHead: .rowsBeyondHead
        case .logEndsBeforeHead: .logEndsBeforeHead
        case .logEndsBeforeCheckpoint: .logEndsBeforeCheckpoint
        case .logSetBack: .logSetBack
        case .logUnknown: .logUnknown
        case .recordUnreadable: .recordUnreadable
        case .columnDiffers: .columnDiffers
        case .recordForged: .recordForged
        case .recordNotSigned: .recordNotSigned
        case .recordNotInTile: .recordNotInTile
        case .recordOrTileDiffers: .recordOrTileDiffers
        case .statementUnfounded: .statementUnfounded
        case .pairsDiffer: .pairsDiffer
        case .mapDiffers: .mapDiffers
        case .rootDiffers: .rootDiffers
        case .emptyRootDiffers: .emptyRootDiffers
        case .checkpointUnsound: .checkpointUnsound
        case .checkpointColumnsDiffer: .checkpointColumnsDiffer
        case .keptCheckpointUnsound: .keptCheckpointUnsound
        case .checkpointRemoved: .checkpointRemoved
        case .tile(_, _, let flaw): flaw.kind
        case .tilesNotCovered: .tilesNotCovered
        case .tilesLeadElsewhere: .tilesLeadElsewhere
        case .subjectOutOfOrder: .subjectOutOfOrder
        case .subjectVersionNotDue: .subjectVersionNotDue
        case .subjectAppDiffers: .subjectAppDiffers
        case .projectionDiffers: .projectionDiffers
        case .projectionForged: .projectionForged
        case .projectionOfNobody: .projectionOfNobody
        case .eventAfterErasure: .eventAfterErasure
        case .userMisplaced: .userMisplaced
        case .erasureNotInLog: .erasureNotInLog
        case .problemsDiffer: .problemsDiffer
        case .problemCountsDiffer: .problemCountsDiffer
        case .appRow(_, .missing): .appRowMissing
        case .appRow(_, .ofNobody): .appRowOfNobody
        case .appRow(_, .differs): .appRowDiffers
        case .apiKeyRow(_, .missing): .apiKeyRowMissing
        case .apiKeyRow(_, .ofNobody): .apiKeyRowOfNobody
        case .apiKeyRow(_, .differs): .apiKeyRowDiffers
        case .webhookRow(_, .missing): .webhookRowMissing
        case .webhookRow(_, .ofNobody): .webhookRowOfNobody
        case .webhookRow(_, .differs): .webhookRowDiffers
        case .webhookDoesNotOpen: .webhookDoesNotOpen
        case .subject(_, let flaw), .app(_, let flaw): flaw.kind
        case .dataKeyOfNobody: .dataKeyOfNobody
        case .valueWithoutDataKey: .valueWithoutDataKey
        case .droppedWithinGrace: .valuesDroppedEarly
        case .lookup(_, let flaw): flaw.kind
        case .masterKeyMissing: .masterKeyMissing
        case .masterKeyDoesNotOpen: .masterKeyDoesNotOpen
        case .masterKeyUnknown: .masterKeyUnknown
        }
    }
}

extension TileFlaw {
    fileprivate var kind: VerificationReport.Finding.Kind {
        switch self {
        case .missing: .tileMissing
        case .unreadable: .tileUnreadable
        case .differs: .tileDiffers
        case .rootDiffers: .tileRootDiffers
        }
    }
}

extension LookupFlaw {
    fileprivate var kind: VerificationReport.Finding.Kind {
        switch self {
        case .eventMissing: .lookupEventMissing
        case .subjectDiffers: .lookupSubjectDiffers
        case .eventDiffers: .lookupEventDiffers
        }
    }
}

extension VaultFlaw {
    fileprivate var kind: VerificationReport.Finding.Kind {
        switch self {
        case .dataKeyMissing: .dataKeyMissing
        case .dataKeyDoesNotOpen: .dataKeyDoesNotOpen
        case .dataKeyOfOtherRootKey: .dataKeyOfOtherRootKey
        case .valueMissing: .valueMissing
        case .valueUnreadable: .valueUnreadable
        case .valueDoesNotOpen: .valueDoesNotOpen
        case .valueDiffers: .valueDiffers
        case .valueNotNamed: .valueNotNamed
        case .valueNotOfApp: .valueNotOfApp
        case .pastValueMissing: .valueLost
        case .droppedValueThere: .valueNotDropped
        case .decisionDiffers: .appDecisionDiffers
        case .valueLeft: .valueLeft
        case .dataKeyLeft: .dataKeyLeft
        case .lookupLeft: .lookupLeft
        case .userLookupUnknown: .userLookupUnknown
        case .lookupMissing: .lookupMissing
        case .lookupPointsElsewhere: .lookupPointsElsewhere
        case .reservationMissing: .reservationMissing
        case .reservationDiffers: .reservationDiffers
        case .reservationBurned: .reservationBurned
        case .claimedTwice: .claimedTwice
        }
    }
}
