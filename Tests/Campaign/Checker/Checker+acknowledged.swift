extension Checker {
    /// What a client was told is done has its events (docs/threats.md#g1).
    func acknowledged() -> [String] {
        evidence.journal.compactMap { entry in
            switch entry.call {
            case .launch(let answer, let launched) where answer.isAcknowledged:
                launched.map { missing($0) } ?? "a launch of \(entry.user) was answered empty"
            case .report(let launch, let report, let answer) where answer.isAcknowledged:
                // The same report twice is one event, and it is recorded whatever came before.
                history.reports[launch]?.contains(report.rawValue) == true
                    ? nil : "\(report.rawValue) of launch \(launch) is not on record"
            case .read(let answer, nil) where answer.isAcknowledged:
                "a read of \(entry.user) was answered empty"
            case .launch, .popup, .handed, .finish, .report, .read:
                nil
            }
        } + unfinalized()
    }

    private func missing(_ launched: JournalEntry.Launched) -> String? {
        guard let fact = history.launches[launched.launch] else {
            return "launch \(launched.launch) is not on record"
        }
        let mode = launched.publicToken.isEmpty ? "connect.launched" : "edit.launched"
        return fact.type == mode ? nil : "launch \(launched.launch) is on record as \(fact.type)"
    }

    /// A launch brings tokens for each session of which a client was told so.
    private func unfinalized() -> [String] {
        visits.finishes.compactMap { launch, finishes in
            let trails = history.trails(of: launch).filter { $0.finalized != nil }
            guard trails.count >= finishes.finalizedSessions.count else {
                return "\(finishes.finalizedSessions.count) sessions of launch \(launch) were "
                    + "acknowledged, \(trails.count) are on record as finalized"
            }
            guard finishes.acknowledged != nil else { return nil }
            let lacks = trails.contains { trail in
                let held = history.heldAfter[trail.finalize]
                return held?.access ?? 0 == 0 || held?.publicToken ?? 0 == 0
            }
            return lacks ? "launch \(launch) was acknowledged and brought no tokens" : nil
        }
    }
}
