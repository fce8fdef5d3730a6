extension SubjectState {
    /// How many abandoned finalizes still wait for a late answer.
    static let abandonedMax = 4

    /// A finalize without a final outcome.
    package struct OpenFinalize: Sendable, Equatable {
        package var finalize: Identifier
        package var launch: Identifier
        /// The subject version of the intent, under which the vault keeps the session token.
        package var received: Int64
        /// When the intent was recorded.
        package var receivedAt: Timestamp
        /// How often the POST was about to be sent.
        package var dispatches: Int64
        /// The subject version of the last time; 0 before the first.
        package var dispatched: Int64
        /// When its last event was recorded.
        package var changedAt: Timestamp
        /// Why the outcome is unknown, once that is recorded.
        package var unresolved: String?
        /// Why nobody works on it any more; a late answer still counts, until newer tokens come.
        package var abandoned: AbandonReason?
        /// Whether it waits for the verifier of its launch's session: until then nobody may exchange
        /// its session, and its claim of a person is not heard.
        package var isHeld = false
    }

    /// The open one of this id; nil once it has ended.
    package func openFinalize(_ id: Identifier) -> OpenFinalize? {
        openFinalizes.first { $0.finalize == id }
    }

    /// Those that somebody must still bring to an end.
    package var unsettledFinalizes: [OpenFinalize] { openFinalizes.filter { $0.abandoned == nil } }

    /// The class of an exchange whose answer is still expected, but after that of a later one.
    static let overtaken = "overtaken"

    /// The finalizes for whose tokens nobody waits any more once this one has brought newer ones:
    /// itself, those whose answer is not expected, and those that it has overtaken.
    package func settled(by finalize: Identifier) -> [OpenFinalize] {
        let overtaken = overtaken(by: finalize)
        return openFinalizes.filter {
            $0.finalize == finalize || $0.unresolved != nil || $0.abandoned != nil
                || overtaken.contains($0)
        }
    }

    /// The finalizes that were sent before this one, and whose answers will come after its own: what
    /// they bring is older.
    package func overtaken(by finalize: Identifier) -> [OpenFinalize] {
        let sent = openFinalize(finalize)?.dispatched ?? 0
        return openFinalizes.filter { open in
            open.unresolved == nil && open.abandoned == nil && open.dispatches > 0
                && open.dispatched < sent
        }
    }

    /// That the exchange of an overtaken finalize has become unclear.
    package func overtaking(_ open: OpenFinalize) -> LedgerEvent {
        .finalizeUnresolved(finalize: open.finalize, reason: Self.overtaken)
    }

    mutating func receive(_ finish: LedgerEvent.Finish, at time: Timestamp) {
        update(popup: finish.launch) { $0.finishes += 1 }
        if human == nil { claimedPerson = ClaimedPerson(human: finish.human, received: version) }
        append(finish, at: time, isHeld: false)
    }

    mutating func hold(_ finish: LedgerEvent.Finish, at time: Timestamp) {
        update(popup: finish.launch) { $0.finishes += 1 }
        append(finish, at: time, isHeld: true)
    }

    mutating func confirm(_ finalize: Identifier, _ human: Fingerprint, at time: Timestamp) {
        guard let open = openFinalize(finalize) else { return }
        update(finalize, at: time) { $0.isHeld = false }
        if self.human == nil {
            claimedPerson = ClaimedPerson(human: human, received: open.received)
        }
    }

    private mutating func append(
        _ finish: LedgerEvent.Finish,
        at time: Timestamp,
        isHeld: Bool
    ) {
        openFinalizes.append(
            OpenFinalize(
                finalize: finish.finalize,
                launch: finish.launch,
                received: version,
                receivedAt: time,
                dispatches: 0,
                dispatched: 0,
                changedAt: time,
                unresolved: nil,
                abandoned: nil,
                isHeld: isHeld
            )
        )
    }

    mutating func connect(_ finalize: Identifier, _ launch: Identifier, _ human: Fingerprint) {
        // What comes so late may be older than what the provider has by now.
        let isLate = openFinalizes.contains { $0.finalize == finalize && $0.abandoned != nil }
        let settled = settled(by: finalize)
        openFinalizes.removeAll { settled.contains($0) }
        // Which of two calls came first at the provider, nobody can say who had sent both: two
        // exchanges, or an exchange and the question for the public token.
        let isUncertain = settled.contains { open in
            open.unresolved == Self.overtaken
                || open.finalize == finalize
                    && publicToken.map { $0.issuedAt > open.changedAt } == true
        }
        update(popup: launch) { $0.end = .finalized }
        self.human = human
        claimedPerson = nil
        isContested = false
        status = .connected
        brokenReason = nil
        isDoubted = isLate || isUncertain
    }

    mutating func refuse(_ finalize: Identifier) {
        let open = openFinalize(finalize)
        // The provider itself has said that the person is somebody else.
        if let open, open.received == claimedPerson?.received { claimedPerson = nil }
        end(finalize)
        isDoubted = true
    }

    mutating func abandon(_ finalize: Identifier, _ reason: AbandonReason) {
        let open = openFinalize(finalize)
        // A token that came after this finish is newer than what is lost.
        let isOlder = accessToken.map { $0.issuedAt <= open?.receivedAt ?? $0.issuedAt } ?? false
        update(finalize, at: nil) { $0.abandoned = reason }
        switch reason {
        // The popup was finished, so the provider knows more than we do.
        case .neverSent: isDoubted = true
        // So does it here, and no answer will come.
        case .unconfirmed:
            isDoubted = true
            contest()
            return end(finalize)
        // The exchange may have replaced the access token.
        case .answerLost: if isOlder { breakOff(reason.rawValue) }
        }
        let abandoned = openFinalizes.filter { $0.abandoned != nil }
        guard abandoned.count > Self.abandonedMax, let oldest = abandoned.first else { return }
        end(oldest.finalize)
    }

    /// The provider does not know the person, so the user may be linked to another one.
    mutating func forget(_ human: Fingerprint) {
        if claimedPerson?.human == human { claimedPerson = nil }
        if self.human == human {
            self.human = nil
            if accessToken != nil { breakOff("person_gone") }
        }
        isDoubted = false
    }

    mutating func contest() {
        if human == nil { isContested = true }
    }

    private mutating func breakOff(_ reason: String) {
        status = .broken
        brokenReason = reason
    }

    mutating func end(_ finalize: Identifier) {
        openFinalizes.removeAll { $0.finalize == finalize }
    }

    mutating func update(
        _ finalize: Identifier,
        at time: Timestamp?,
        _ change: (inout OpenFinalize) -> Void
    ) {
        guard let index = openFinalizes.firstIndex(where: { $0.finalize == finalize }) else {
            return
        }
        change(&openFinalizes[index])
        if let time { openFinalizes[index].changedAt = time }
    }
}

// MARK: When somebody must look after it

extension SubjectState.OpenFinalize {
    /// How long a held finish waits for the verifier of its launch's session.
    package static let heldSeconds: Int64 = 300
    /// How long whoever received the finish has to dispatch it.
    static let receivedSeconds: Int64 = 5
    /// How long whoever dispatched it has to record what came of it: more than an exchange may
    /// take (docs/threats.md#step-x).
    static let dispatchedSeconds: Int64 = 20
    /// The pause before what was not sent is dispatched anew; it doubles.
    static let notSentSeconds: Int64 = 5
    static let notSentSecondsMax: Int64 = 600
    /// The reason of an exchange that certainly was not sent.
    package static let notSent = "not_sent"

    /// From when on somebody else than the one who began it must look after it; nil when nobody
    /// need any more.
    package var settleAt: Timestamp? {
        if abandoned != nil { return nil }
        if isHeld { return receivedAt.adding(seconds: Self.heldSeconds) }
        switch (dispatches, unresolved) {
        case (0, _): return changedAt.adding(seconds: Self.receivedSeconds)
        case (_, nil): return changedAt.adding(seconds: Self.dispatchedSeconds)
        case (_, Self.notSent?):
            // Three dispatches belong to the finish itself.
            let doublings = min(max(dispatches - 3, 0), 10)
            let pause = min(Self.notSentSeconds << doublings, Self.notSentSecondsMax)
            return changedAt.adding(seconds: pause)
        case (_, _?): return changedAt
        }
    }
}

extension SubjectState {
    /// When somebody must look after one of the user's finalizes; nil when none is unsettled.
    package var settleAt: Timestamp? { openFinalizes.compactMap(\.settleAt).min() }
}
