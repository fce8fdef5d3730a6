extension BundleReport.Finding {
    /// What sort of thing does not fit: one word that programs may compare.
    ///
    /// A word stays, and keeps its meaning (docs/auditor.md#kinds-of-findings-in-a-bundle).
    package enum Kind: String, Sendable, CaseIterable {
        case fileMissing = "file_missing"
        case fileNotListed = "file_not_listed"
        case fileDiffers = "file_differs"
        case fileUnreadable = "file_unreadable"
        case compressionDamaged = "compression_damaged"
        case contentMalformed = "content_malformed"
        case lineCountDiffers = "line_count_differs"
        case manifestMalformed = "manifest_malformed"

        case keyNotOfLog = "key_not_of_log"
        case keyNotPinned = "key_not_pinned"
        case manifestNotSigned = "manifest_not_signed"
        case signatureOfOtherManifest = "signature_of_other_manifest"
        case checkpointUnsound = "checkpoint_unsound"
        case checkpointOfOtherLog = "checkpoint_of_other_log"
        case checkpointDiffers = "checkpoint_differs"
        case consistencyOfOtherCheckpoints = "consistency_of_other_checkpoints"
        case consistencyNotProved = "consistency_not_proved"

        case partMissing = "part_missing"
        case partForeign = "part_foreign"
        case cutUnsound = "cut_unsound"
        case cutDiffers = "cut_differs"
        case partOfOtherExport = "part_of_other_export"

        case recordUnreadable = "record_unreadable"
        case eventNotAskedFor = "event_not_asked_for"
        case eventNotProved = "event_not_proved"
        case positionOutOfOrder = "position_out_of_order"
        case positionOutsideOfRange = "position_outside_of_range"
        case userEventsMissing = "user_events_missing"
        case eventCountDiffers = "event_count_differs"
        case positionsDiffer = "positions_differ"
        case rootDiffers = "root_differs"
        case proofMissing = "proof_missing"
        case proofSurplus = "proof_surplus"

        case tableRowDiffers = "table_row_differs"
        case tableDiffers = "table_differs"
        case identityOutOfOrder = "identity_out_of_order"
        case identityOfNobody = "identity_of_nobody"
        case identityCountDiffers = "identity_count_differs"
    }
}

extension BundleFlaw {
    var kind: BundleReport.Finding.Kind {
        switch self {
        case .fileMissing: .fileMissing
        case .fileNotListed: .fileNotListed
        case .fileDiffers: .fileDiffers
        case .unreadable(let error), .cutShort(let error): error.kind
        case .consistencyMalformed: .contentMalformed
        case .lineCountDiffers: .lineCountDiffers
        case .keyNotOfLog: .keyNotOfLog
        case .keyNotPinned: .keyNotPinned
        case .manifestNotSigned: .manifestNotSigned
        case .signatureOfOtherManifest: .signatureOfOtherManifest
        case .checkpointUnsound: .checkpointUnsound
        case .checkpointOfOtherLog: .checkpointOfOtherLog
        case .checkpointDiffers: .checkpointDiffers
        case .consistencyOfOtherCheckpoints: .consistencyOfOtherCheckpoints
        case .consistencyNotProved: .consistencyNotProved
        case .partMissing: .partMissing
        case .partForeign: .partForeign
        case .cutUnsound: .cutUnsound
        case .cutDiffers: .cutDiffers
        case .partOfOtherExport: .partOfOtherExport
        case .recordUnreadable: .recordUnreadable
        case .eventNotAskedFor: .eventNotAskedFor
        case .eventNotProved: .eventNotProved
        case .positionOutOfOrder: .positionOutOfOrder
        case .positionOutsideOfRange: .positionOutsideOfRange
        case .userEventsMissing: .userEventsMissing
        case .eventCountDiffers: .eventCountDiffers
        case .positionsDiffer: .positionsDiffer
        case .rootDiffers: .rootDiffers
        case .proofSurplus: .proofSurplus
        case .tableRowDiffers: .tableRowDiffers
        case .tableDiffers: .tableDiffers
        case .identityOutOfOrder: .identityOutOfOrder
        case .identityOfNobody: .identityOfNobody
        case .identityCountDiffers: .identityCountDiffers
        }
    }
}

extension BundleError {
    fileprivate var kind: BundleReport.Finding.Kind {
        switch self {
        case .malformedManifest: .manifestMalformed
        case .malformedLine(_, _, let flaw): flaw.kind
        case .gzip: .compressionDamaged
        case .malformedRecord: .recordUnreadable
        // The others stop whoever writes an export; for a reader each is a file that is not there.
        case .system, .occupied, .unfinished, .finished, .inUse, .otherPlan, .damagedProgress,
            .damagedFile, .malformedPlan:
            .fileUnreadable
        }
    }
}

extension LineFlaw {
    fileprivate var kind: BundleReport.Finding.Kind {
        switch self {
        case .noEnd, .tooLong, .foreign, .noProof, .noNote: .contentMalformed
        case .proofMissing: .proofMissing
        }
    }
}
