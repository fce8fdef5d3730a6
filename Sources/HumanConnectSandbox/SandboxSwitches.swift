import Wire

/// Where nobody outside knows what the provider does, the sandbox can do the other thing too.
///
/// The numbers are those of docs/provider.md#unknowns.
package struct SandboxSwitches: Sendable, Equatable {
    /// 2: a session token is good for one exchange, a repeat is refused with 412.
    package var singleUseSessions = false
    /// 4: for how many seconds a rotated public token still opens the popup.
    package var publicTokenGraceSeconds = 0
    /// 5: disconnecting a source rotates the public token too.
    package var rotateOnDisconnect = false
    /// 6: an exchange answers the current access token instead of a new one.
    package var keepAccessToken = false
    /// 6: a new access token ends the earlier ones.
    package var endOldAccessTokens = false
    /// 7: publictokens makes a new public token instead of naming the current one.
    package var mintPublicTokens = false
    /// 12: finish is sent for every connected source, each with a session of its own.
    package var finishPerSource = false
    /// How many invented users the list of an app's users has before the real ones.
    package var listedStrangers = 0
    /// 21: the two token endpoints answer any origin (CORS), as Cordova apps experienced it.
    package var corsOnTokens = false

    package init() {}

    /// A switch's name over HTTP, and where its value is kept.
    private static let flags:
        [(String, any WritableKeyPath<SandboxSwitches, Bool> & Sendable, String)] = [
            ("single_use_sessions", \.singleUseSessions, "a repeated exchange is refused (412)"),
            ("rotate_on_disconnect", \.rotateOnDisconnect, "disconnecting rotates too"),
            ("keep_access_token", \.keepAccessToken, "an exchange keeps the access token"),
            ("end_old_access_tokens", \.endOldAccessTokens, "a new access token ends the others"),
            ("mint_public_tokens", \.mintPublicTokens, "publictokens makes a new token"),
            ("finish_per_source", \.finishPerSource, "finish is sent for every connected source"),
            ("cors_on_tokens", \.corsOnTokens, "the token endpoints answer any origin"),
        ]
    private static let numbers:
        [(String, any WritableKeyPath<SandboxSwitches, Int> & Sendable, Int, String)] = [
            // A day: longer says nothing new, and dates stay small.
            (
                "public_token_grace_seconds", \.publicTokenGraceSeconds, 86_400,
                "how long a rotated public token still opens the popup"
            ),
            (
                "listed_strangers", \.listedStrangers, 10_000_000,
                "so many invented users stand in an app's list of users"
            ),
        ]

    /// Name, value and meaning of each, for the page and its JSON.
    var list: [(name: String, value: JSONValue, meaning: String)] {
        Self.flags.map { ($0.0, .bool(self[keyPath: $0.1]), $0.2) }
            + Self.numbers.map { ($0.0, .number(String(self[keyPath: $0.1])), $0.3) }
    }

    /// Sets one by its name over HTTP.
    mutating func set(_ name: String, to value: JSONValue) throws(SandboxRefusal) {
        if case .bool(let on) = value, let flag = Self.flags.first(where: { $0.0 == name }) {
            self[keyPath: flag.1] = on
            return
        }
        guard case .number(let spelling) = value, let number = Int(spelling),
            let known = Self.numbers.first(where: { $0.0 == name }), (0...known.2).contains(number)
        else { throw .invalid("\(name) is no switch, or its value does not fit") }
        self[keyPath: known.1] = number
    }
}
