extension Checker {
    /// The popup opens, and a launch is served or asks to wait
    /// (docs/design.md#what-becomes-of-a-user-when-something-goes-wrong).
    func stuck() -> [String] {
        var words = evidence.journal.compactMap { entry -> String? in
            if case .launch(let answer, _) = entry.call, !isServed(answer, entry.user) {
                return "a launch of \(entry.user) was answered \(answer.words)"
            }
            // Only a defect answers so, whatever is away.
            guard let answer = entry.call.answer, answer.status == 500 else { return nil }
            return "a call of \(entry.user) was answered \(answer.words)"
        }
        for (user, popups) in Dictionary(grouping: openedPopups(), by: \.user) {
            words += refused(popups, of: user)
        }
        return words
    }

    /// Whether the answer is the launch, or says honestly that the caller must wait
    /// (docs/integrator.md#errors-to-handle).
    private func isServed(_ answer: JournalEntry.Answer, _ user: String) -> Bool {
        switch (answer.status, answer.code) {
        case (nil, _), (201, _), (429, _), (409, "conflict"): true
        // It says that trying again will hardly help.
        case (503, "user_list_too_long"): false
        case (503, _): true
        // Nobody can say whom the provider knows, without an App Key.
        case (409, "person_unproven"), (409, "finalize_in_progress"):
            evidence.usersWithoutAppKey.contains(user)
        default: false
        }
    }
}

// MARK: Popups

/// A popup, with the launch that it was opened with.
private struct OpenedPopup {
    let user: String
    let launch: JournalEntry.Launched
    /// When the launch began, and when the popup ended.
    let begin: Duration
    let end: Duration
    /// Why it did not open.
    let refusal: String?
}

extension Checker {
    /// The popups by their end.
    private func openedPopups() -> [OpenedPopup] {
        var launches: [String: (JournalEntry.Launched, Duration)] = [:]
        for entry in evidence.journal {
            guard case .launch(_, let launched?) = entry.call else { continue }
            // A repeated launch is the same one.
            let begin = launches[launched.launch]?.1 ?? entry.begin
            launches[launched.launch] = (launched, min(begin, entry.begin))
        }
        let popups = evidence.journal.compactMap { entry -> OpenedPopup? in
            guard case .popup(let launch, let end) = entry.call,
                let (launched, begin) = launches[launch]
            else { return nil }
            var refusal: String?
            if case .refused(let code) = end, !evidence.excusedLaunches.contains(launch) {
                refusal = code
            }
            return OpenedPopup(
                user: entry.user,
                launch: launched,
                begin: begin,
                end: entry.end,
                refusal: refusal
            )
        }
        return popups.sorted { $0.end < $1.end }
    }

    /// The refusals that the ledger could have prevented.
    ///
    /// It could not where something changed at the provider after the options were served, in
    /// another popup of the same user or elsewhere; one change excuses one refusal, since the
    /// launch after that asks.
    private func refused(_ popups: [OpenedPopup], of user: String) -> [String] {
        var changes = (evidence.changesElsewhere[user] ?? []).sorted()
        return popups.filter { $0.refusal != nil }.compactMap { popup in
            let isOvertaken = popups.contains { other in
                other.refusal == nil && other.launch.launch != popup.launch.launch
                    && other.begin < popup.end && popup.begin < other.end
            }
            if isOvertaken || isUnknowable(popup) { return nil }
            // Where a popup has opened since, the ledger had learnt of the change.
            let learnt = popups.filter { $0.refusal == nil && $0.end < popup.begin }.map(\.begin)
                .max()
            changes.removeAll { $0 < learnt ?? .zero }
            if let change = changes.first, change < popup.end {
                changes.removeFirst()
                return nil
            }
            return "the popup of launch \(popup.launch.launch) of \(user) was refused: "
                + (popup.refusal ?? "")
        }
    }

    /// Without an App Key a user whose finish never came looks like a new one; and so does one who
    /// was deleted at the provider and came back.
    private func isUnknowable(_ popup: OpenedPopup) -> Bool {
        guard evidence.usersWithoutAppKey.contains(popup.user),
            popup.refusal == "user_already_exists", popup.launch.publicToken.isEmpty
        else { return false }
        let deletions =
            evidence.formerUsers[popup.user] == nil
            ? [] : evidence.changesElsewhere[popup.user] ?? []
        let lastDeletion = deletions.filter { $0 < popup.begin }.max() ?? .zero
        return !(visits.finished[popup.user] ?? []).contains {
            lastDeletion < $0 && $0 < popup.begin
        }
    }
}

extension JournalEntry.Answer {
    fileprivate var words: String { "\(status ?? 0) \(code ?? "")" }
}
