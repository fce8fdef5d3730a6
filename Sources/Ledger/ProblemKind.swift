/// What sort of trouble a problem is; a closed list, for a kind stands in the log for ever
/// (docs/design.md#problems).
package enum ProblemKind: String, Sendable, CaseIterable {
    /// A backend reported that the user must reconnect.
    case needsReconnect = "needs_reconnect"
    /// A finish was refused: of somebody else, without its session's verifier, or for a launch that
    /// takes none any more.
    case finishRefused = "finish_refused"
    /// What became of an exchange is not known.
    case unresolved
    /// The provider refused the session of a finish.
    case providerRefuses = "provider_refuses"
    /// The provider does not know the person.
    case erasedElsewhere = "erased_elsewhere"
    /// An endpoint of webhooks is sent nothing, because it took nothing.
    case endpointPaused = "endpoint_paused"

    /// Whether it is about an endpoint; the others are about a user.
    package var isOfEndpoint: Bool { self == .endpointPaused }
}

/// Which problem it is: its kind, and the user or endpoint that it is about.
///
/// The same trouble again is the same problem, so the name never changes.
package struct ProblemName: Sendable, Hashable {
    package let kind: ProblemKind
    /// The user's subject, or the endpoint.
    package let about: Identifier

    package init(kind: ProblemKind, about: Identifier) {
        self.kind = kind
        self.about = about
    }

    /// Reads what `description` gives, in lower case; nil for anything else.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let kind = ProblemKind(rawValue: String(parts[0])),
            let about = Identifier(parts[1]), parts[1].utf8.elementsEqual("\(about)".utf8)
        else { return nil }
        self.init(kind: kind, about: about)
    }
}

extension ProblemName: CustomStringConvertible {
    /// The kind and the UUID, with a full stop between them.
    package var description: String { "\(kind.rawValue).\(about)" }
}
