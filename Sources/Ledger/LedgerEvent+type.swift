extension LedgerEvent {
    /// The names of all types, in the order of the cases.
    package static let types = [
        "connect.launched", "edit.launched", "launch.closed", "launch.failed", "finish.received",
        "finish.held", "finish.confirmed", "finish.refused", "verifier.refused",
        "exchange.dispatched", "connect.finalized", "edit.finalized", "access_token.rotated",
        "public_token.rotated", "finalize.rejected", "finalize.unresolved", "finalize.refused",
        "finalize.abandoned", "finalize.superseded", "public_token.recovered", "tokens.imported",
        "person.gone", "connection.broken", "subject.erased", "subject.held", "subject.released",
        "token.read",
        "log.exported", "log.followed", "token.searched", "token.revealed", "user.viewed",
        "access.noted", "app.added", "app.updated", "values.dropped", "api_key.created",
        "api_key.expiry_set", "api_key.revoked", "root_key.rotated", "webhook.added",
        "webhook.updated", "webhook.paused", "webhook.resumed", "webhook.removed",
        "webhook.secret_rotated", "webhook.tested", "webhook.replayed",
        "problem.muted", "problem.unmuted",
    ]

    /// The event's type as it stands in the record.
    package var type: StaticString {
        switch self {
        case .connectLaunched: "connect.launched"
        case .editLaunched: "edit.launched"
        case .launchClosed: "launch.closed"
        case .launchFailed: "launch.failed"
        case .finishReceived: "finish.received"
        case .finishHeld: "finish.held"
        case .finishConfirmed: "finish.confirmed"
        case .finishRefused: "finish.refused"
        case .verifierRefused: "verifier.refused"
        case .exchangeDispatched: "exchange.dispatched"
        case .connectFinalized: "connect.finalized"
        case .editFinalized: "edit.finalized"
        case .accessTokenRotated: "access_token.rotated"
        case .publicTokenRotated: "public_token.rotated"
        case .finalizeRejected: "finalize.rejected"
        case .finalizeUnresolved: "finalize.unresolved"
        case .finalizeRefused: "finalize.refused"
        case .finalizeAbandoned: "finalize.abandoned"
        case .finalizeSuperseded: "finalize.superseded"
        case .publicTokenRecovered: "public_token.recovered"
        case .tokensImported: "tokens.imported"
        case .personGone: "person.gone"
        case .connectionBroken: "connection.broken"
        case .subjectErased: "subject.erased"
        case .subjectHeld: "subject.held"
        case .subjectReleased: "subject.released"
        case .tokenRead: "token.read"
        case .logExported: "log.exported"
        case .logFollowed: "log.followed"
        case .tokenSearched: "token.searched"
        case .tokenRevealed: "token.revealed"
        case .userViewed: "user.viewed"
        case .accessNoted: "access.noted"
        case .appAdded: "app.added"
        case .appUpdated: "app.updated"
        case .valuesDropped: "values.dropped"
        case .apiKeyCreated: "api_key.created"
        case .apiKeyExpirySet: "api_key.expiry_set"
        case .apiKeyRevoked: "api_key.revoked"
        case .rootKeyRotated: "root_key.rotated"
        case .webhook(let webhook): webhook.type
        case .problemMuted: "problem.muted"
        case .problemUnmuted: "problem.unmuted"
        }
    }
}
