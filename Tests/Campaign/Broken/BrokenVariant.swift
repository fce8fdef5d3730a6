/// The service with one rule taken out: a campaign that passes it would prove nothing
/// (docs/threats.md#4-goal-figures).
package struct BrokenVariant: Sendable {
    /// One place of the source, which must be there exactly once.
    package struct Edit: Sendable {
        /// From the project's root.
        package let file: String
        package let old: String
        package let new: String
    }

    package let name: String
    /// What is missing, in words.
    package let meaning: String
    package let edits: [Edit]
    /// The rounds that must find it.
    package let job: Job
    /// The rules that must be found broken.
    package let rules: [Rule]

    private init(
        _ name: String,
        _ meaning: String,
        _ rule: Rule,
        and another: Rule? = nil,
        by job: Job,
        _ edits: [Edit]
    ) {
        self.name = name
        self.meaning = meaning
        rules = [rule] + (another.map { [$0] } ?? [])
        self.job = job
        self.edits = edits
    }

    /// At least one for each main invariant.
    package static let all = exchangeVariants + durabilityVariants + secretVariants + readVariants
}

// MARK: The exchange

extension BrokenVariant {
    private static let finalizer = "Sources/ConnectFlow/Finalizer.swift"
    private static let finalize = "Sources/ConnectFlow/Finalize.swift"

    private static let exchangeVariants = [
        BrokenVariant(
            "exchange-unmarked",
            "the exchange is not marked before it is sent, so it is sent again after a crash",
            .oneExchange,
            and: .order,
            by: Job(.crashPoint(6), rounds: 1, injectionsPerRound: 4),
            [
                Edit(
                    file: finalizer,
                    old: "let isOurs = try await dispatch(number, finalize)",
                    new: "let isOurs = number > 0"
                )
            ]
        ),
        BrokenVariant(
            "unknown-resent",
            "an exchange whose answer was lost is sent again",
            .oneExchange,
            by: Job(.provider, rounds: 1, injectionsPerRound: 8),
            [
                Edit(
                    file: "Sources/HumanConnect/HumanConnectClient+send.swift",
                    old: "guard !sent else { return .unknown(.connectionLost) }",
                    new: "guard !sent else { return .notSent(.connectionRefused) }"
                )
            ]
        ),
        BrokenVariant(
            "unknown-taken-for-refused",
            "an exchange whose answer was lost is taken for refused",
            .silent,
            by: Job(.provider, rounds: 1, injectionsPerRound: 8),
            [
                Edit(
                    file: "Sources/HumanConnect/HumanConnectClient+send.swift",
                    old: "guard !sent else { return .unknown(.connectionLost) }",
                    new: "guard !sent else { return .rejected(status: 400) }"
                )
            ]
        ),
        BrokenVariant(
            "nobody-settles",
            "nobody looks after finalizes that a crash has left behind",
            .ended,
            by: Job(.crashPoint(6), rounds: 1, injectionsPerRound: 4),
            [
                Edit(
                    file: "Sources/ConnectFlow/SettleStep.swift",
                    old: "guard let due = open.settleAt, due <= now else {",
                    new: "guard let due = open.settleAt, due <= now, now < open.receivedAt else {"
                )
            ]
        ),
        BrokenVariant(
            "anybody-linked",
            "the person of the provider's answer is compared with nobody",
            .served,
            by: Job(
                .pages,
                rounds: 1,
                injectionsPerRound: 8,
                behaviours: ["sandbox_exchange_wrong_human"]
            ),
            [
                Edit(
                    file: "Sources/Ledger/SubjectState+decisions.swift",
                    old: "guard answer.human == finish.human, human == nil || "
                        + "human == answer.human else {",
                    new: "guard answer.human == answer.human else {"
                )
            ]
        ),
        BrokenVariant(
            "claims-believed",
            "whom a finish names is taken for the user, also if it is another user's person",
            .bijection,
            by: Job(.pages, rounds: 1, injectionsPerRound: 20),
            [
                Edit(
                    file: "Sources/ConnectFlow/PublicTokenRecovery.swift",
                    old: "try await isPerson(humanID, clientUserID, app)",
                    new: "!humanID.exposed.isEmpty"
                ),
                Edit(
                    file: "Sources/ConnectFlow/PublicTokenRecovery.swift",
                    old: "                change.claim(.human, human)\n",
                    new: ""
                ),
            ]
        ),
        BrokenVariant(
            "doubt-ignored",
            "a launch never asks the provider",
            .stuck,
            by: Job(.pages, rounds: 1, injectionsPerRound: 12),
            [
                Edit(
                    file: "Sources/ConnectFlow/Launcher.swift",
                    old: "        case .nothing: return (user, nil)\n",
                    new: "        case _ where user.state.version >= 0: return (user, nil)\n"
                        + "        case .nothing: return (user, nil)\n"
                )
            ]
        ),
    ]
}

// MARK: What is written

extension BrokenVariant {
    private static let durabilityVariants = [
        BrokenVariant(
            "unknown-acknowledged",
            "an append whose answer was lost is taken for written",
            .acknowledged,
            by: Job(.databaseLink, rounds: 2, injectionsPerRound: 12),
            [
                Edit(
                    file: "Sources/LedgerStore/Append/AppendSettler.swift",
                    old: "return .failure(.unavailable)",
                    new: "return .success(.appended(position: 0))"
                )
            ]
        ),
        BrokenVariant(
            "answers-dropped",
            "the provider's answer is dropped when the database is away",
            .answersKept,
            by: Job(.serverKilled, rounds: 2, injectionsPerRound: 6),
            [
                Edit(
                    file: "Sources/ConnectFlow/Finalizer+recording.swift",
                    old: "try spool.keep(sealed, of: finalize.finish.finalize)",
                    new: "_ = sealed"
                ),
                Edit(
                    file: "Sources/ConnectFlow/FinalizeState.swift",
                    old: "guard error.isPassing || error.isOfProvider, recordFailures < triesMax,",
                    new:
                        "guard error.isPassing || error.isOfProvider, "
                        + "recordFailures < triesMax - 1_000_000,"
                ),
            ]
        ),
        BrokenVariant(
            "projection-behind",
            "the projection keeps the status of before",
            .replay,
            by: Job(.pages, rounds: 1, injectionsPerRound: 4),
            [
                Edit(
                    file: "Schema/0013_project_user_state.sql",
                    old: "status = excluded.status,",
                    new: "status = user_state.status,"
                )
            ]
        ),
    ]
}

// MARK: Secrets

extension BrokenVariant {
    private static let secretVariants = [
        BrokenVariant(
            "sessions-kept",
            "the sealed session outlives the tokens that it brought",
            .sessions,
            by: Job(.pages, rounds: 1, injectionsPerRound: 4),
            [
                Edit(
                    file: finalize,
                    old: "                change.drop(.sessionToken, version: settled.received)\n",
                    new: "                _ = settled\n"
                )
            ]
        ),
        BrokenVariant(
            "session-logged",
            "the service's log tells the session",
            .secrets,
            by: Job(.pages, rounds: 1, injectionsPerRound: 4),
            [
                Edit(
                    file: finalizer,
                    old: "        let app = launch.app.id\n        return Finalize(\n",
                    new: "        let app = launch.app.id\n"
                        + "        logger.notice(\"finish \\(object.sessionToken.exposed)\")\n"
                        + "        return Finalize(\n"
                )
            ]
        ),
    ]
}

// MARK: Reads

extension BrokenVariant {
    private static let tokenRoutes = "Sources/LedgerAPI/Routes/TokenRoutes.swift"

    private static let readVariants = [
        BrokenVariant(
            "reads-unrecorded",
            "a read of the public token is not on record",
            .read,
            by: Job(.pages, rounds: 1, injectionsPerRound: 4),
            [
                Edit(
                    file: tokenRoutes,
                    old: "[(.accessToken, access.version), (.publicToken, publicToken.version)],",
                    new: "[(.accessToken, access.version)],"
                )
            ]
        ),
        BrokenVariant(
            "reads-mixed-up",
            "the public token is served as access token",
            .served,
            by: Job(.pages, rounds: 1, injectionsPerRound: 4),
            [
                Edit(
                    file: tokenRoutes,
                    old: "try await value(.accessToken, access, unlocked))",
                    new: "try await value(.publicToken, publicToken, unlocked))"
                )
            ]
        ),
        BrokenVariant(
            "reads-stale",
            "tokens are read from a cache that nobody tells of news",
            .stale,
            by: Job(.pages, rounds: 1, injectionsPerRound: 12),
            [
                Edit(
                    file: tokenRoutes,
                    old: "let user = try await store.existingUser(id, of: caller.app)",
                    new: "let user = Remembered.user("
                        + "try await store.existingUser(id, of: caller.app))"
                ),
                Edit(
                    file: tokenRoutes,
                    old: "/// The end of the part of history that a question is about.\n",
                    new: """
                        private enum Remembered {
                            private static let users = Mutex<[Identifier: StoredUser]>([:])

                            static func user(_ user: StoredUser) -> StoredUser {
                                users.withLock { users in
                                    let first = users[user.subject] ?? user
                                    if first.state.accessToken != nil { users[user.subject] = first }
                                    return first
                                }
                            }
                        }

                        /// The end of the part of history that a question is about.

                        """
                ),
                Edit(
                    file: tokenRoutes,
                    old: "internal import Wire\n",
                    new: "internal import Synchronization\ninternal import Wire\n"
                ),
            ]
        ),
    ]
}
