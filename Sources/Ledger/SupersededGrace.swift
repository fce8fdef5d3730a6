/// For how long a token that was replaced keeps its value
/// (docs/decisions/0046-superseded-values-are-dropped.md).
package enum SupersededGrace {
    /// A day, unless the app has decided otherwise: whoever still works with the token of before, or
    /// asks what it was, does so soon.
    package static let usualSeconds: Int64 = 86_400
    /// A year: whoever wants more keeps a secret for ever.
    package static let secondsMax: Int64 = 365 * 86_400
}
