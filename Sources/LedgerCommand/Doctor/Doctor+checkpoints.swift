import Ledger
import LedgerStore

extension Doctor {
    /// The newest checkpoint of each log.
    func checkpointCheck(_ store: LedgerStore?, _ settings: Settings) async -> DoctorCheck {
        var check = DoctorCheck("checkpoints")
        let folder = (try? settings.text(.checkpointFolder)) ?? nil
        if folder == nil {
            check.find(
                DoctorFinding(
                    "checkpoint_folder_unset",
                    .warning,
                    "Nothing outside the database remembers the last checkpoints, so an older "
                        + "database that is restored is not noticed.",
                    nextStep: "Set \(Setting.checkpointFolder.environmentName): docs/operator.md, "
                        + "\"The checkpoint folder\"."
                )
            )
        }
        guard let store else {
            check.miss("the store does not open")
            return check
        }
        for log in store.logs.all {
            do {
                let seen = try await store.examineCheckpoints(of: log, folder: folder)
                let covered =
                    seen.newest.map {
                        "covers \($0.size), \(seen.ageSeconds ?? 0) s old"
                    } ?? "no checkpoint yet"
                check.note("log of \(log.name)", "\(seen.size) records, \(covered)")
                for flaw in seen.flaws { check.find(Self.finding(flaw, log)) }
                let cold = try await store.coldHistory(of: log)
                if cold.before > 0 {
                    check.note(
                        "cold history of \(log.name)",
                        (log.kind == .facts ? "launches among " : "")
                            + "the records before position \(cold.before), in bundles (\(cold.cold.count))"
                    )
                }
            } catch {
                check.miss("the log of \(log.name) (\(error))")
            }
        }
        do {
            for late in try await store.examineMaps() { check.find(DoctorFinding(late)) }
        } catch {
            check.miss("the maps of what is current (\(error))")
        }
        return check
    }

    private static func finding(
        _ flaw: CheckpointExamination.Flaw,
        _ log: Log
    ) -> DoctorFinding {
        switch flaw {
        case .alarm(let alarm):
            DoctorFinding(.historyMismatch(log, alarm))
        case .unsound(let size):
            DoctorFinding(
                "checkpoint_unsound",
                .warning,
                "A checkpoint of \(size) records of the log of \(log.name) is stored that this "
                    + "deployment did not sign; it is passed over.",
                nextStep: "docs/operator.md, \"Evidence that nobody signed\": token-ledger verify, "
                    + "then checkpoint repair."
            )
        case .late(let records, let seconds):
            DoctorFinding(
                "checkpoint_late",
                .warning,
                "\(records) records of the log of \(log.name) are not covered by a checkpoint, the "
                    + "first of them for \(seconds) seconds.",
                nextStep: "See that a copy of the service runs; if one does, /readyz says why it "
                    + "signs nothing."
            )
        case .folderUnreadable:
            DoctorFinding(
                "checkpoint_folder_unreadable",
                .blocking,
                "The checkpoint folder cannot be read.",
                nextStep: "See to its rights and to its disk; an integrator does not begin without."
            )
        case .folderBehind(let kept, let published):
            DoctorFinding(
                "checkpoint_folder_behind",
                .warning,
                "The checkpoint folder has \(kept.map { "the checkpoint of \($0) records" } ?? "none") "
                    + "of the log of \(log.name), and the database one of \(published).",
                nextStep:
                    "See that the service may write to the folder, and that this is the folder "
                    + "that the service has."
            )
        }
    }
}
