import Ledger
import MerkleLog
import Testing

@testable import LedgerExport

/// Bundles that the log's own key signed, and that are wrong nevertheless: each is found by one
/// kind of check, or by the few that are named.
enum Forgery: String, CaseIterable, Sendable {
    case changedRecord, swappedRecords, foreignBytes
    case droppedRecord
    case swappedPaths, swappedEvents, repeatedEvent, shortPath
    case outsideOfRange, otherEvent, otherFirst
    case changedCell, extraRow, missingRow
    case otherIdentity, missingIdentity, swappedIdentities
    case missingVersion
    case olderCheckpoint, olderTree, foreignCheckpoint, otherOrigin, foreignFirst, otherConsistency
    case extraFile
    case otherSum, foreignNote, changedReason, otherLogKey, otherLogOrigin
    case contradiction, wrongLines, wrongRows

    /// What finds it.
    var checks: Set<BundleVerification.Check> {
        switch self {
        case .changedRecord, .swappedRecords: [.root]
        case .foreignBytes: [.record]
        case .droppedRecord: [.root, .counts]
        case .swappedPaths, .swappedEvents, .shortPath: [.inclusion]
        case .repeatedEvent: [.positions]
        case .outsideOfRange: [.positions, .counts]
        case .otherEvent: [.query]
        case .otherFirst: [.counts]
        case .changedCell: [.csv]
        case .extraRow, .missingRow: [.csv, .counts]
        case .otherIdentity, .missingIdentity, .swappedIdentities: [.identities]
        case .missingVersion: [.versions]
        case .olderCheckpoint: [.checkpoint, .consistency]
        case .olderTree, .foreignCheckpoint, .otherOrigin: [.checkpoint]
        case .foreignFirst: [.firstCheckpoint]
        case .otherConsistency: [.consistency]
        case .extraFile: [.names]
        case .otherSum: [.sums]
        case .foreignNote, .changedReason: [.signature]
        case .otherLogKey, .otherLogOrigin: [.key]
        case .contradiction: [.manifest]
        case .wrongLines, .wrongRows: [.counts]
        }
    }

    /// What it is said to be.
    var kinds: Set<BundleReport.Finding.Kind> {
        switch self {
        case .changedRecord, .swappedRecords: [.rootDiffers]
        case .foreignBytes: [.recordUnreadable]
        case .droppedRecord: [.rootDiffers, .eventCountDiffers, .positionsDiffer]
        case .swappedPaths, .swappedEvents, .shortPath: [.eventNotProved]
        case .repeatedEvent: [.positionOutOfOrder]
        case .outsideOfRange: [.positionOutsideOfRange, .positionsDiffer]
        case .otherEvent: [.eventNotAskedFor]
        case .otherFirst: [.positionsDiffer]
        case .changedCell: [.tableRowDiffers, .tableDiffers]
        case .extraRow: [.tableDiffers, .lineCountDiffers]
        case .missingRow: [.tableRowDiffers, .tableDiffers, .lineCountDiffers]
        case .otherIdentity: [.identityOfNobody]
        case .missingIdentity: [.identityCountDiffers]
        case .swappedIdentities: [.identityOutOfOrder]
        case .missingVersion: [.userEventsMissing]
        case .olderCheckpoint: [.checkpointDiffers, .consistencyOfOtherCheckpoints]
        case .olderTree: [.checkpointDiffers]
        case .foreignCheckpoint, .foreignFirst: [.checkpointUnsound]
        case .otherOrigin: [.checkpointOfOtherLog]
        case .otherConsistency: [.consistencyNotProved]
        case .extraFile: [.fileNotListed]
        case .otherSum: [.fileDiffers]
        case .foreignNote: [.manifestNotSigned]
        case .changedReason: [.signatureOfOtherManifest]
        case .otherLogKey: [.keyNotPinned]
        case .otherLogOrigin: [.keyNotPinned]
        case .contradiction: [.manifestMalformed]
        case .wrongLines, .wrongRows: [.lineCountDiffers]
        }
    }

    /// The independent verifier knows the form of a record, but not every kind of event.
    var isSeenByPython: Bool { self != .foreignBytes }

    static let events = "events.ndjson"
    static let proofs = "proofs.ndjson"
    static let table = "events.csv"
    static let identities = "identities.ndjson"

    /// Makes the bundle, with everything signed that is not meant to be wrong.
    func bundle() throws -> EditableBundle {
        let log = try SampleLog(30)
        let signer = log.signer
        switch self {
        case .changedRecord, .swappedRecords, .droppedRecord, .foreignBytes:
            return try wholeLog(log)
        case .swappedPaths, .swappedEvents, .repeatedEvent, .shortPath, .outsideOfRange,
            .otherEvent, .otherFirst, .missingVersion:
            return try events(log)
        case .changedCell, .extraRow, .missingRow, .otherIdentity, .missingIdentity,
            .swappedIdentities, .wrongLines, .wrongRows:
            return try derived(log)
        case .olderCheckpoint, .olderTree, .foreignCheckpoint, .otherOrigin, .foreignFirst,
            .otherConsistency:
            return try checkpoints(log)
        case .extraFile:
            var bundle = try EditableBundle(log, log.plan())
            bundle.files["notes.txt"] = [0x0A]
            return bundle
        case .otherSum:
            // A signature of a key that nobody knows does not make a checkpoint wrong.
            var bundle = try EditableBundle(log, log.plan())
            var note = try log.checkpoint(log.size)
            try note.add(try SampleLog.signer(9, name: "other").sign(note.text).signatures)
            bundle.files["checkpoint"] = note.bytes
            return bundle
        case .foreignNote:
            var bundle = try EditableBundle(log, log.plan())
            try bundle.edit(signedBy: try SampleLog.signer(9)) { _ in }
            return bundle
        case .changedReason:
            var bundle = try EditableBundle(log, log.plan())
            let note = bundle.files["manifest.note"]
            try bundle.edit(signedBy: signer) { $0.reason = "none" }
            bundle.files["manifest.note"] = note
            return bundle
        case .otherLogKey:
            return try wholeForgery(log, SampleLog.signer(9))
        case .otherLogOrigin:
            return try wholeForgery(log, SampleLog.signer(1, name: "token-ledger/6c6f67/1"))
        case .contradiction:
            var bundle = try EditableBundle(log, log.plan())
            try bundle.edit(signedBy: signer) { $0.positions = 0..<29 }
            return bundle
        }
    }

    private func wholeLog(_ log: SampleLog) throws -> EditableBundle {
        if self == .foreignBytes {
            // Even the log's own signature over it does not make it a record.
            var records = log.records
            let last = String(decoding: records[29], as: UTF8.self)
            records[29] = Array(last.replacing(/"type":"[a-z_.]*"/, with: "\"type\":\"x.y\"").utf8)
            let other = try SampleLog(records)
            return try EditableBundle(other, other.plan())
        }
        var bundle = try EditableBundle(log, log.plan())
        try bundle.edit(Self.events) { lines in
            switch self {
            case .changedRecord: lines[4] = log.records[5]
            case .droppedRecord: lines.remove(at: 4)
            default: lines.swapAt(7, 8)
            }
        }
        try bundle.resum(signedBy: log.signer)
        return bundle
    }

    private func events(_ log: SampleLog) throws -> EditableBundle {
        let isOfSubject = self == .missingVersion
        let query =
            isOfSubject
            ? EventQuery(subject: SampleHistory.subject(2))
            : EventQuery(clientID: SampleLog.clientIDs[0])
        let plan = try log.plan(query)
        let positions = log.positions(plan)
        var bundle = try EditableBundle(log, plan)
        var events = try bundle.lines(Self.events)
        var proofs = try bundle.lines(Self.proofs)
        var first = try #require(positions.first)
        switch self {
        case .swappedPaths:
            proofs[0] = try line(BundleProof(position: first, path: log.path(first + 1, 30)))
        case .swappedEvents: events.swapAt(1, 2)
        case .shortPath:
            let path = try Array(log.path(first, 30).dropLast())
            proofs[0] = line(BundleProof(position: first, path: path))
        case .repeatedEvent:
            events[2] = events[1]
            proofs[2] = proofs[1]
        case .otherEvent:
            let missing = Set(positions[0]..<positions[1]).subtracting(positions)
            let other = try #require(missing.min() ?? Set(0..<30).subtracting(positions).min())
            let index = positions.firstIndex { $0 > other } ?? positions.count
            events[index] = log.records[Int(other)]
            proofs[index] = try line(BundleProof(position: other, path: log.path(other, 30)))
            first = min(first, other)
        case .missingVersion:
            events.remove(at: 2)
            proofs.remove(at: 2)
        default: break
        }
        try bundle.edit(Self.events) { $0 = events }
        try bundle.edit(Self.proofs) { $0 = proofs }
        try bundle.resum(signedBy: log.signer) { manifest in
            let last = try #require(manifest.span?.upperBound)
            manifest.span = first...last
            manifest.events = Int64(events.count)
            switch self {
            case .outsideOfRange:
                manifest.positions = first + 1..<30
                manifest.span = first + 1...last
            case .otherFirst: manifest.span = first + 1...last
            default: break
            }
        }
        return bundle
    }

    private func line(_ proof: BundleProof) -> [UInt8] {
        var bytes: [UInt8] = []
        proof.append(to: &bytes)
        return bytes.dropLast()
    }

    private func derived(_ log: SampleLog) throws -> EditableBundle {
        var bundle = try EditableBundle(log, log.plan(csv: true, identities: true))
        switch self {
        case .changedCell:
            let table = try #require(bundle.files[Self.table])
            let place = try #require(table.lastIndex(of: UInt8(ascii: "'")))
            bundle.files[Self.table]?.remove(at: place)
        case .extraRow:
            bundle.files[Self.table]? += Array("99,,,,,,,,,,,\r\n".utf8)
        case .missingRow:
            let log = try SampleLog(29)
            let shorter = try EditableBundle(log, log.plan(csv: true))
            bundle.files[Self.table] = shorter.files[Self.table]
        case .otherIdentity:
            try bundle.edit(Self.identities) { lines in
                let last = lines.count - 1
                let row = String(decoding: lines[last], as: UTF8.self)
                lines[last] = Array(row.replacing("00007004", with: "00007005").utf8)
            }
        case .missingIdentity: try bundle.edit(Self.identities) { _ = $0.popLast() }
        case .swappedIdentities: try bundle.edit(Self.identities) { $0.swapAt(0, 1) }
        default: break
        }
        try bundle.resum(signedBy: log.signer) { manifest in
            for index in manifest.files.indices where manifest.files[index].name == Self.table {
                if self == .extraRow { manifest.files[index].lines += 1 }
                if self == .missingRow { manifest.files[index].lines -= 1 }
            }
            if self == .wrongLines { manifest.files[4].lines += 1 }
            if self == .wrongRows { manifest.files[3].lines += 1 }
        }
        return bundle
    }

    private func checkpoints(_ log: SampleLog) throws -> EditableBundle {
        var bundle = try EditableBundle(log, log.plan())
        switch self {
        case .olderCheckpoint: bundle.files["checkpoint"] = try log.checkpoint(29).bytes
        case .olderTree:
            bundle.files["checkpoint"] = try log.checkpoint(29).bytes
            bundle.files["consistency.json"] = try log.consistency(20, 29).bundleBytes
        case .foreignCheckpoint:
            let text = try log.checkpoint(30).text
            bundle.files["checkpoint"] = try SampleLog.signer(9).sign(text).bytes
        case .otherOrigin:
            let text = try log.checkpoint(30).text.replacing(SampleLog.origin, with: "other")
            bundle.files["checkpoint"] = try log.signer.sign(text).bytes
        case .foreignFirst:
            let text = try log.checkpoint(20).text
            bundle.files["checkpoint.first"] = try SampleLog.signer(9).sign(text).bytes
        default:
            var proof = try ConsistencyProof(
                bundleBytes: try #require(bundle.files["consistency.json"])
            )
            proof = ConsistencyProof(old: 20, new: 30, hashes: proof.hashes.reversed())
            bundle.files["consistency.json"] = proof.bundleBytes
        }
        try bundle.resum(signedBy: log.signer)
        return bundle
    }

    /// Everything anew, under another key.
    private func wholeForgery(_ log: SampleLog, _ signer: NoteSigner) throws -> EditableBundle {
        var bundle = try EditableBundle(log, log.plan())
        for name in ["checkpoint", "checkpoint.first"] {
            let text = try SignedNote(try #require(bundle.files[name])).text
            let other = text.replacing(SampleLog.origin, with: signer.key.name)
            bundle.files[name] = try signer.sign(other).bytes
        }
        try bundle.resum(signedBy: signer) {
            $0.verifierKey = signer.key.description
            $0.origin = signer.key.name
        }
        return bundle
    }
}
