/// What an app has decided about its launches and finishes
/// (docs/decisions/0047-a-finish-belongs-to-a-session.md).
package enum AppPolicy: String, Sendable, CaseIterable {
    /// No launch without a `session_challenge`.
    case challengeRequired = "challenge_required"
    /// Somebody new is linked even where nothing but the launch says that they are the launched user.
    case unnamedAccepted = "unnamed_accepted"
}
