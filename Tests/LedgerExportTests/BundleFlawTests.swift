import Foundation
import MerkleLog
import Testing

@testable import LedgerExport

/// What a finding about a bundle says: its kind for programs, its sentence for people.
@Suite("Kinds of findings in bundles", .timeLimit(.minutes(5)))
struct BundleFlawTests {
    private typealias Kind = BundleReport.Finding.Kind

    private static let gzip = BundleError.gzip(file: "a", .truncated)
    private static let system = BundleError.system(file: "a", problem: "No such file")
    private static let manifest = BundleError.malformedManifest(what: "it is too large")
    private static let line = BundleError.malformedLine(file: "a", line: 3, .tooLong)
    private static let noProof = BundleError.malformedLine(file: "a", line: 3, .proofMissing)

    /// Each flaw with its kind and its sentence.
    private static let flaws: [(BundleFlaw, String, String)] = [
        (.fileMissing, "file_missing", "it is missing"),
        (.fileNotListed, "file_not_listed", "the manifest does not list it"),
        (.fileDiffers, "file_differs", "it is not the file that the manifest names"),
        (.unreadable(system), "file_unreadable", "a: No such file"),
        (.cutShort(system), "file_unreadable", "No such file"),
        (.unreadable(gzip), "compression_damaged", "a: the compressed bytes are cut off"),
        (.cutShort(gzip), "compression_damaged", "the compressed bytes are cut off"),
        (
            .unreadable(line), "content_malformed",
            "a, line 3: it is longer than any that the ledger writes"
        ),
        (
            .cutShort(line), "content_malformed",
            "it is longer than any that the ledger writes"
        ),
        (
            .cutShort(.malformedLine(file: "a", line: 3, .noEnd)), "content_malformed",
            "the last line has no end"
        ),
        (
            .cutShort(.malformedLine(file: "a", line: 3, .foreign)), "content_malformed",
            "it is not written as the ledger writes it"
        ),
        (
            .cutShort(.malformedLine(file: "a", line: 3, .noProof)), "content_malformed",
            "it is no proof, or out of order"
        ),
        (.cutShort(noProof), "proof_missing", "an event has no proof"),
        (
            .unreadable(manifest), "manifest_malformed",
            "the manifest is malformed: it is too large"
        ),
        (
            .cutShort(manifest), "manifest_malformed",
            "the manifest is malformed: it is too large"
        ),
        (
            .consistencyMalformed, "content_malformed",
            "it is not written as the ledger writes it"
        ),
        (.lineCountDiffers(3), "line_count_differs", "it has 3 lines, not those named"),
        (.keyNotOfLog, "key_not_of_log", "the key that it names is no key of its log"),
        (.keyNotPinned, "key_not_pinned", "it is signed under another key than you named"),
        (.manifestNotSigned(.unsigned), "manifest_not_signed", "the note has no signature"),
        (.signatureOfOtherManifest, "signature_of_other_manifest", "it is of another manifest"),
        (
            .checkpointUnsound(.notSignedByKnownKey), "checkpoint_unsound",
            "no known key has signed"
        ),
        (.checkpointOfOtherLog, "checkpoint_of_other_log", "it is of another log"),
        (.checkpointDiffers, "checkpoint_differs", "it is not the one that the manifest names"),
        (
            .consistencyOfOtherCheckpoints, "consistency_of_other_checkpoints",
            "it is not between the two checkpoints"
        ),
        (
            .consistencyNotProved(.oldRootDiffers), "consistency_not_proved",
            "the proof does not lead to the older root"
        ),
        (.partMissing, "part_missing", "it is missing, and the cut says that the log has events"),
        (.partForeign, "part_foreign", "it is no part of the bundle"),
        (.cutUnsound(.malformedCut), "cut_unsound", "the text is no cut"),
        (.cutDiffers, "cut_differs", "it is not the log, or not as large, as the cut says"),
        (
            .partOfOtherExport, "part_of_other_export",
            "it is of another export than the first, or not of the whole log"
        ),
        (.recordUnreadable, "record_unreadable", "it is no record that the ledger writes"),
        (.eventNotAskedFor, "event_not_asked_for", "it is not what the query asks for"),
        (.eventNotProved(.rootDiffers), "event_not_proved", "the proof leads to another root"),
        (.positionOutOfOrder, "position_out_of_order", "it is out of order"),
        (.positionOutsideOfRange, "position_outside_of_range", "it is outside of the range"),
        (
            .userEventsMissing, "user_events_missing",
            "before it, events of the user are missing or too many"
        ),
        (.eventCountDiffers(3), "event_count_differs", "it has 3 events, not those named"),
        (.positionsDiffer, "positions_differ", "first or last position is not the one named"),
        (.rootDiffers, "root_differs", "the events have another root than the one signed"),
        (.proofSurplus, "proof_surplus", "there are more proofs than events"),
        (.tableRowDiffers, "table_row_differs", "the table's row is not that of the event"),
        (.tableDiffers, "table_differs", "it has more, or other, rows than there are events"),
        (.identityOutOfOrder, "identity_out_of_order", "it is out of order"),
        (.identityOfNobody, "identity_of_nobody", "no event is of this user"),
        (
            .identityCountDiffers(3), "identity_count_differs",
            "it has 3 users, the events have others"
        ),
    ]

    @Test("every flaw has its kind and its sentence, and every kind has a flaw")
    func sentences() {
        for (flaw, kind, sentence) in Self.flaws {
            #expect(flaw.kind.rawValue == kind)
            #expect(flaw.description == sentence)
        }
        #expect(Set(Self.flaws.map(\.0.kind)) == Set(Kind.allCases))
    }

    @Test("a name in a sentence cannot command a terminal")
    func printable() {
        let finding = BundleReport.Finding(
            file: "checkpoint",
            line: nil,
            position: nil,
            flaw: .checkpointUnsound(.badSignature(name: "log\u{1B}[2J"))
        )
        #expect(finding.problem == "the signature of log?[2J is wrong")
        #expect(finding.description == "checkpoint: \(finding.problem)")
    }

    @Test("the auditor's guide explains every kind, and no other")
    func documented() throws {
        let path =
            #filePath.dropLast("Tests/LedgerExportTests/BundleFlawTests.swift".count)
            + "docs/auditor.md"
        let guide = try String(contentsOfFile: String(path), encoding: .utf8)
        let section = guide.split(separator: "\n")
            .drop { $0 != "### Kinds of findings in a bundle" }
            .dropFirst().prefix { !$0.hasPrefix("#") }
        let rows = section.filter { $0.hasPrefix("| `") }.map { row in
            row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        }
        #expect(rows.allSatisfy { $0.count == 3 && !$0.contains("") })
        #expect(rows.map { $0[0] }.sorted() == Kind.allCases.map { "`\($0.rawValue)`" }.sorted())
    }
}
