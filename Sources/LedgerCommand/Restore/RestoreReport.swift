import Ledger
import LedgerAudit
import LedgerStore
import MerkleLog
import Vault
import Wire

/// One log of a restored database, beside what is known of it outside.
struct RestoredLog {
    let log: Log
    /// How many records are here.
    let size: Int64
    /// When the last of them was recorded.
    let lastTime: Timestamp?
    /// The largest checkpoint outside.
    let outside: OutsideCheckpoints.Kept?

    /// Looks at a log; refuses a checkpoint that its key has not signed.
    init(_ log: Log, _ outside: OutsideCheckpoints, _ store: LedgerStore) async throws {
        self.log = log
        size = try await store.size(log: log)
        lastTime = size > 0 ? try await store.recordedAt(size - 1, log: log) : nil
        let all = outside.notes[log.id] ?? []
        self.outside = all.first
        let key = store.vault.checkpointSigner(logID: log.id).key
        for kept in all {
            do {
                _ = try Checkpoint(verifying: kept.note, origin: key.name, keys: [key])
            } catch {
                throw CommandError(
                    "\(kept.source) was not signed by the key of this database's log."
                )
            }
        }
    }

    /// The positions that the outside knows of and that are not here.
    var lost: Range<Int64>? {
        guard let outside, outside.size > size else { return nil }
        return size..<outside.size
    }

    /// What would be lost, in words.
    var sentence: String {
        let here =
            "The log of \(log.name) has \(size) records here"
            + (lastTime.map { ", the last one of \($0)" } ?? "") + "."
        guard let outside else {
            return "\(here) Nothing outside is named for it, so it is not shown to be whole."
        }
        let written = outside.time.map { ", which was written at \($0)," } ?? ""
        guard let lost else {
            return "\(here) The checkpoint in \(outside.source)\(written) covers \(outside.size): "
                + "none that it knows of is missing. What came after it nobody outside knows."
        }
        return "\(here) The checkpoint in \(outside.source)\(written) covers \(outside.size). "
            + "\(lost.count) would be lost: positions \(lost.lowerBound) to \(lost.upperBound - 1), "
            + "recorded after the last one that is here, and whatever came after that checkpoint."
    }

    var document: JSONValue {
        [
            "log": .string(log.name), "size": .number("\(size)"),
            "last_time": lastTime.map { .string("\($0)") } ?? .null,
            "outside_size": outside.map { .number("\($0.size)") } ?? .null,
            "outside_written_at": outside?.time.map { .string("\($0)") } ?? .null,
            "lost_from": lost.map { .number("\($0.lowerBound)") } ?? .null,
            "lost_to": lost.map { .number("\($0.upperBound - 1)") } ?? .null,
        ]
    }
}

/// What `restore check` found.
struct RestoreReport {
    /// The list of those who were erased, against the database.
    struct Erasures {
        let listed: Int
        /// How many were erased again just now.
        var applied = 0
        /// How many files prove nothing to this database.
        var refused = 0
        /// How many are here all the same.
        var undone = 0
    }

    var logs: [RestoredLog] = []
    var erasures: Erasures?
    var verification: VerificationReport?

    /// What verification found, but for what is missing at the end, which the logs tell.
    private var findings: [VerificationReport.Finding] {
        (verification?.findings ?? []).filter { $0.kind != .logSetBack }
    }

    /// Whether it is shown that nothing is missing that is known outside, and all that is here fits.
    var isWhole: Bool {
        logs.allSatisfy { $0.outside != nil && $0.lost == nil } && findings.isEmpty
            && (erasures.map { $0.undone == 0 && $0.refused == 0 && $0.listed > 0 } ?? true)
    }

    var sentences: [String] {
        var sentences = logs.map(\.sentence)
        sentences.append(
            findings.isEmpty
                ? "Everything that is here fits: token-ledger verify found nothing."
                : "Verification found \(findings.count); token-ledger verify tells each. The first: "
                    + "\(findings[0])"
        )
        if let erasures {
            if erasures.applied > 0 {
                sentences.append("\(erasures.applied) users were erased again.")
            }
            if erasures.listed == 0 {
                sentences.append(
                    "The erasure folder lists nobody, so nobody can say who was erased since the backup."
                )
            }
            if erasures.refused > 0 {
                sentences.append(
                    "\(erasures.refused) files of the erasure folder prove nothing to this database; "
                        + "token-ledger user erase --from names them."
                )
            }
            sentences.append(
                erasures.undone == 0
                    ? "None of the \(erasures.listed) who are listed as erased is here."
                    : "\(erasures.undone) of those who were erased are here again: "
                        + "--apply-erasures erases them."
            )
        } else {
            sentences.append(
                "No erasure folder is named, so nobody can say who was erased since the backup."
            )
        }
        return sentences
    }

    var document: JSONValue {
        [
            "is_whole": .bool(isWhole),
            "logs": .array(logs.map(\.document)),
            "findings": .number("\(findings.count)"),
            "erasures": erasures.map { erasures in
                [
                    "listed": .number("\(erasures.listed)"),
                    "applied": .number("\(erasures.applied)"),
                    "refused": .number("\(erasures.refused)"),
                    "undone": .number("\(erasures.undone)"),
                ]
            } ?? .null,
            "sentences": .array(sentences.map { .string($0) }),
        ]
    }
}
