import BoundedServer
import Foundation

/// The sandbox's limits, in one place.
enum SandboxLimits {
    /// Headers as Hummingbird has them: whoever runs a sandbox is the only one to call it.
    ///
    /// A silent connection is kept longer than HTTP clients keep theirs, which then never send on one
    /// that is being closed.
    static let server = ServerLimits(
        headerBytesMax: 81_920,
        headerFieldsMax: 1_000,
        idleTimeMax: .seconds(120),
        connectionsMax: 4_096
    )
    /// Real bodies have a few hundred bytes.
    static let bodyBytesMax = 65_536
    /// As long as any known identifier, see docs/provider.md#unknown-18.
    static let clientUserIDCharactersMax = 512
    /// Enough for a long test run, about 3 MB.
    static let requestsMax = 10_000
    /// Sessions that ended are forgotten after this many seconds.
    static let sessionKeptSeconds: TimeInterval = 86_400
    /// Looking through all sessions is not for every request.
    static let forgetSeconds: TimeInterval = 60
    /// How long a session token can be exchanged after Done (docs/provider.md#unknown-2).
    static let exchangeSeconds: TimeInterval = 1_800
    /// A popup left open longer is not resumed.
    static let openSeconds: TimeInterval = 3_600
    /// Earlier access tokens that still work, per user; they never expire by themselves.
    static let accessTokensMax = 100
    /// Source names in one scripted popup, and behaviours that are set at a time.
    static let listMax = 1_000
    /// A redirect target longer than this is no URL of an app.
    static let urlBytesMax = 2_048
    /// What "never answers" means; longer than every client's patience.
    static let hangTime: Duration = .seconds(120)
    /// What "slow" means.
    static let slowTime: Duration = .seconds(2)
    /// How much of a list of users is sent at a time.
    static let listPieceBytes = 32_768
}
