extension SubjectState {
    /// The erasure; nil while a hold forbids it.
    ///
    /// What was erased before a restore is erased again whatever the backup says of holds: they had
    /// ended by then.
    package func erase(_ reason: ErasureReason) -> LedgerEvent? {
        isHeld && reason == .requested ? nil : .subjectErased(reason: reason)
    }

    /// The hold; nil when there is one.
    package func hold(_ reason: HoldReason) -> LedgerEvent? {
        isHeld ? nil : .subjectHeld(reason: reason)
    }

    /// The end of the hold; nil when there is none.
    package var release: LedgerEvent? { isHeld ? .subjectReleased : nil }

    /// Forgets everything but how many events there were.
    mutating func erase() {
        let count = version
        self = SubjectState()
        version = count
        status = .erased
    }
}
