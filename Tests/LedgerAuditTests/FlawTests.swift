import Foundation
import Ledger
@testable import LedgerAudit
import LedgerStore
import MerkleLog
import Testing
import Vault

/// What a finding says: its kind for programs, its sentence for people.
@Suite("Kinds of findings", .timeLimit(.minutes(5)))
struct FlawTests {
    private typealias Kind = VerificationReport.Finding.Kind

    private static let someone = Identifier(value: 0x0190_0000_0000_7000_8000_0000_0000_0001)
    private static let name = "01900000-0000-7000-8000-000000000001"
    private static let token = VaultFlaw.StoredValue(kind: "access_token", version: 7)

    /// Each flaw with its kind and its sentence.
    private static let logFlaws: [(VerificationFlaw, String, String)] = [
        (.rowsMissing(count: 1), "rows_missing", "the row is missing"),
        (.rowsMissing(count: 2), "rows_missing", "the rows are missing"),
        (.positionRepeated, "position_repeated", "the position is given out twice"),
        (.positionNegative, "position_negative", "the position is negative"),
        (.rowsBeyondHead(head: 3), "rows_beyond_head", "rows stand beyond the head, which says 3"),
        (.logEndsBeforeHead(head: 3), "log_ends_before_head", "the log ends here, its head says 3"),
        (
            .logEndsBeforeCheckpoint(size: 3), "log_ends_before_checkpoint",
            "the log ends here, but a checkpoint of size 3 is stored"
        ),
        (
            .logSetBack(.folder, size: 3), "log_set_back",
            "the log ends here, but the checkpoint in the folder was signed over 3 records: an "
                + "older database was restored, or records were removed"
        ),
        (
            .recordForged, "record_forged",
            "the service did not write the record: it changes nothing"
        ),
        (.logUnknown, "log_unknown", "rows stand in a log that there is not"),
        (
            .recordUnreadable, "record_unreadable",
            "the record is not one that the ledger writes"
        ),
        (
            .columnDiffers(.appID), "column_differs",
            "column app_id differs from the record's source"
        ),
        (
            .columnDiffers(.subjectVersion), "column_differs",
            "column subject_version differs from the record"
        ),
        (
            .statementUnfounded, "statement_unfounded",
            "the statement names a checkpoint of the facts that is not there"
        ),
        (
            .pairsDiffer(stated: Logs(pairs: 3, closedPairs: 1)), "pairs_differ",
            "the statement says that there are 3 pairs of logs, 1 of them closed, and there are others"
        ),
        (
            .mapDiffers(size: 7), "map_differs",
            "the map of the first 7 facts has another root than the statement says"
        ),
        (.recordNotSigned, "record_not_signed", "the record is not the one that was signed"),
        (
            .recordNotInTile, "record_not_in_tile",
            "the record is not the one whose hash was stored"
        ),
        (
            .recordOrTileDiffers, "record_or_tile_differs",
            "the record and the stored tile differ, and no checkpoint tells which is right"
        ),
        (
            .rootDiffers(.stored, size: 3), "root_differs",
            "the records are not those that the stored checkpoint of size 3 was signed over"
        ),
        (
            .emptyRootDiffers, "empty_root_differs",
            "the checkpoint of size 0 has not the root of the empty tree"
        ),
        (
            .checkpointUnsound(size: 3, .unsigned), "checkpoint_unsound",
            "the stored checkpoint of size 3: the note has no signature"
        ),
        (
            .checkpointColumnsDiffer(size: 3), "checkpoint_columns_differ",
            "the stored checkpoint of size 3: its columns differ from its signed text"
        ),
        (
            .checkpointRemoved(size: 3), "checkpoint_removed",
            "the checkpoint of size 3 was removed, and the log's key has signed it"
        ),
        (
            .keptCheckpointUnsound(.unsigned), "kept_checkpoint_unsound",
            "the checkpoint in the folder: the note has no signature"
        ),
        (
            .tile(level: 1, number: 2, .missing), "tile_missing",
            "the tile of level 1 and number 2 is not stored"
        ),
        (
            .tile(level: 0, number: 2, .unreadable), "tile_unreadable",
            "the tile of level 0 and number 2 is not one"
        ),
        (
            .tile(level: 0, number: 2, .differs), "tile_differs",
            "the tile of level 0 and number 2 is not that of the signed records"
        ),
        (
            .tile(level: 1, number: 2, .differs), "tile_differs",
            "the tile of level 1 and number 2 is not that of the records"
        ),
        (
            .tile(level: 0, number: 2, .rootDiffers), "tile_root_differs",
            "the stored root of the tile of level 0 and number 2 is not its own"
        ),
        (
            .tilesNotCovered(level: 1), "tiles_not_covered",
            "tiles of level 1 are stored that no checkpoint covers"
        ),
        (
            .tilesLeadElsewhere(size: 3), "tiles_lead_elsewhere",
            "the stored tiles do not lead to the checkpoint of size 3"
        ),
    ]

    private static let userFlaws: [(VerificationFlaw, String, String)] = [
        (
            .subjectOutOfOrder(after: 4), "subject_out_of_order",
            "the record stands before the subject's version 4"
        ),
        (
            .subjectVersionNotDue(4, due: 3), "subject_version_not_due",
            "version 4 of the subject stands where 3 is due"
        ),
        (
            .subjectAppDiffers, "subject_app_differs",
            "the event is of another app than the subject's earlier ones"
        ),
        (
            .projectionDiffers(subject: someone), "projection_differs",
            "the projection row of subject \(name) is not what its events give"
        ),
        (
            .projectionForged(subject: someone), "projection_forged",
            "the service did not write the projection row of subject \(name)"
        ),
        (
            .projectionOfNobody(subject: someone), "projection_of_nobody",
            "the projection has a row of subject \(name), of whom there are no events"
        ),
        (
            .eventAfterErasure, "event_after_erasure",
            "the event is of a subject who was erased before"
        ),
        (
            .userMisplaced, "user_misplaced",
            "a user begins here, in a log to which nobody new belongs since others were added"
        ),
        (
            .erasureNotInLog(subject: someone), "erasure_not_in_log",
            "the projection says that subject \(name) was erased, and no event does"
        ),
        (
            .problemsDiffer(about: someone), "problems_differ",
            "the problems of \(name) are not those that its events give"
        ),
        (
            .problemCountsDiffer, "problem_counts_differ",
            "how many problems there are is not what their rows say"
        ),
    ]

    private static let rowFlaws: [(VerificationFlaw, String, String)] = [
        (
            .appRow("demo", .missing), "app_row_missing",
            "app demo: its row is missing, and events tell of it"
        ),
        (
            .appRow("demo", .ofNobody), "app_row_of_nobody",
            "app demo: its row is there, and no event made it"
        ),
        (
            .appRow("demo", .differs), "app_row_differs",
            "app demo: its row says something else than its events"
        ),
        (
            .apiKeyRow("a1", .missing), "api_key_row_missing",
            "API key a1: its row is missing, and events tell of it"
        ),
        (
            .apiKeyRow("a1", .ofNobody), "api_key_row_of_nobody",
            "API key a1: its row is there, and no event made it"
        ),
        (
            .apiKeyRow("a1", .differs), "api_key_row_differs",
            "API key a1: its row says something else than its events"
        ),
        (
            .webhookRow(someone, .missing), "webhook_row_missing",
            "webhook endpoint \(name): its row is missing, and events tell of it"
        ),
        (
            .webhookRow(someone, .ofNobody), "webhook_row_of_nobody",
            "webhook endpoint \(name): its row is there, and no event made it"
        ),
        (
            .webhookRow(someone, .differs), "webhook_row_differs",
            "webhook endpoint \(name): its row says something else than its events"
        ),
        (
            .webhookDoesNotOpen(someone), "webhook_does_not_open",
            "webhook endpoint \(name): what is sealed of it does not open"
        ),
    ]

    private static let vaultFlaws: [(VerificationFlaw, String, String)] = [
        (
            .dataKeyOfNobody(subject: someone), "data_key_of_nobody",
            "the vault has a data key of subject \(name), of whom there are no events"
        ),
        (
            .valueWithoutDataKey(subject: someone), "value_without_data_key",
            "the vault has a value of subject \(name), who has no data key"
        ),
        (
            .droppedWithinGrace, "values_dropped_early",
            "values were dropped before their app's grace was over"
        ),
        (
            .lookup(kind: "user", .eventMissing), "lookup_event_missing",
            "a lookup of kind user points to an event that is not there"
        ),
        (
            .lookup(kind: "user", .subjectDiffers), "lookup_subject_differs",
            "a lookup of kind user points to an event of another subject"
        ),
        (
            .lookup(kind: "user", .eventDiffers), "lookup_event_differs",
            "a lookup of kind user is not what the event that it points to says"
        ),
        (
            .masterKeyMissing(.launch), "master_key_missing",
            "the master key for launch is missing"
        ),
        (
            .masterKeyDoesNotOpen(.launch), "master_key_does_not_open",
            "the master key for launch does not open"
        ),
        (.masterKeyUnknown, "master_key_unknown", "a master key is stored for no known purpose"),
    ]

    private static let ownedFlaws: [(VaultFlaw, String, String)] = [
        (.dataKeyMissing, "data_key_missing", "the data key is missing"),
        (.dataKeyDoesNotOpen, "data_key_does_not_open", "the data key does not open"),
        (
            .dataKeyOfOtherRootKey, "data_key_of_other_root_key",
            "the data key names another root key"
        ),
        (.valueMissing(.clientSecret), "value_missing", "the client_secret is missing"),
        (
            .valueUnreadable(.publicToken), "value_unreadable",
            "the current public_token cannot be read from the vault"
        ),
        (
            .valueUnreadable(.humanID), "value_unreadable",
            "the human_id cannot be read from the vault"
        ),
        (
            .valueDoesNotOpen(token), "value_does_not_open",
            "the access_token of version 7 does not open"
        ),
        (
            .valueDiffers(token), "value_differs",
            "the access_token of version 7 has not the fingerprint that the log names"
        ),
        (.valueNotNamed(token), "value_not_named", "the log names no access_token of version 7"),
        (.valueNotOfApp(token), "value_not_of_app", "an app has no access_token of version 7"),
        (
            .pastValueMissing(token), "value_lost",
            "the access_token of version 7 was replaced and is missing, and no event says that it "
                + "was dropped"
        ),
        (
            .droppedValueThere(token), "value_not_dropped",
            "the access_token of version 7 is there, and an event says that it was dropped"
        ),
        (
            .decisionDiffers, "app_decision_differs",
            "what it has decided is not what its events say"
        ),
        (
            .valueLeft(token), "value_left",
            "the subject was erased, and the access_token of version 7 is still there"
        ),
        (
            .dataKeyLeft, "data_key_left",
            "the subject was erased, and the data key is still there"
        ),
        (
            .lookupLeft(.human), "lookup_left",
            "the subject was erased, and a lookup of kind human is still there"
        ),
        (
            .userLookupUnknown, "user_lookup_unknown",
            "no lookup leads from the client_user_id to the subject"
        ),
        (.lookupMissing(.human), "lookup_missing", "the lookup of kind human is missing"),
        (
            .reservationMissing(.session), "reservation_missing",
            "the claim of kind session is not reserved in its home"
        ),
        (
            .reservationDiffers(.human), "reservation_differs",
            "what its home has reserved is not the claim of kind human"
        ),
        (
            .reservationBurned(.session), "reservation_burned",
            "the claim of kind session was made with a reservation that was burned"
        ),
        (
            .claimedTwice(.human), "claimed_twice",
            "somebody else has claimed the same, of kind human, before logs were added"
        ),
        (
            .lookupPointsElsewhere(.human), "lookup_points_elsewhere",
            "the lookup of kind human points elsewhere"
        ),
    ]

    @Test("every flaw has its kind and its sentence, and every kind has a flaw")
    func sentences() {
        var flaws = Self.logFlaws + Self.userFlaws + Self.rowFlaws + Self.vaultFlaws
        for (flaw, kind, sentence) in Self.ownedFlaws {
            flaws.append((.subject(Self.someone, flaw), kind, "subject \(Self.name): \(sentence)"))
            flaws.append((.app("demo", flaw), kind, "app demo: \(sentence)"))
        }
        for (flaw, kind, sentence) in flaws {
            #expect(flaw.kind.rawValue == kind)
            #expect(flaw.description == sentence)
        }
        #expect(Set(flaws.map(\.0.kind)) == Set(Kind.allCases))
    }

    @Test("a finding says its place, and then its sentence")
    func places() {
        let one = VerificationReport.Finding(1, 5, .positionRepeated)
        #expect(one.description == "log access, position 5: the position is given out twice")
        let beside = VerificationReport.Finding(0, nil, .masterKeyUnknown)
        #expect(beside.description == "log facts: a master key is stored for no known purpose")
        let many = VerificationReport.Finding(0, 5, end: 8, .rowsMissing(count: 3))
        #expect(many.description == "log facts, positions 5 to 7: the rows are missing")
        let single = VerificationReport.Finding(0, 5, end: 6, .rowsMissing(count: 1))
        #expect(single.description == "log facts, position 5: the row is missing")
    }

    @Test("the auditor's guide explains every kind, and no other")
    func documented() throws {
        let path =
            #filePath.dropLast("Tests/LedgerAuditTests/FlawTests.swift".count)
            + "docs/auditor.md"
        let guide = try String(contentsOfFile: String(path), encoding: .utf8)
        let section = guide.split(separator: "\n").drop { $0 != "### Kinds of findings" }
            .dropFirst().prefix { !$0.hasPrefix("#") }
        let rows = section.filter { $0.hasPrefix("| `") }.map { row in
            row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        }
        #expect(rows.allSatisfy { $0.count == 3 && !$0.contains("") })
        #expect(rows.map { $0[0] }.sorted() == Kind.allCases.map { "`\($0.rawValue)`" }.sorted())
    }
}
