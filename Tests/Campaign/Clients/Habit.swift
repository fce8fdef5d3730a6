internal import SeededRandom

/// How a user, a page and a network treat one launch.
enum Habit: CaseIterable {
    /// Launch, Done, finish, read.
    case plain
    /// The page dies before the popup is opened.
    case killedBeforePopup
    /// The page dies after Done: the finish is never sent, and nothing reported.
    case killedAfterDone
    /// The page dies while it sends the finish: it does not wait for the answer.
    case killedAtFinish
    /// The finish is kept back, and sent after the next visit's.
    case late
    /// The finish is sent several times at once.
    case repeated
    /// Two tabs: two launches, the popup opens in the second.
    case secondTab
    /// The popup is closed without Done, and the page reports it.
    case closed
    /// The same launch is asked for twice with one Idempotency-Key.
    case repeatedLaunch
    /// Before the finish somebody posts another one with an invented session, and another user's
    /// `humanId`.
    case forgedClaim
    /// Afterwards a source is added at the provider without us.
    case changedElsewhere
    /// Afterwards the user is deleted at the provider.
    case deletedElsewhere

    /// One habit of many, most of them plain.
    static func choose(using random: inout SeededRandom) -> Habit {
        Bool.random(using: &random)
            ? .plain : allCases.randomElement(using: &random) ?? .plain
    }
}
