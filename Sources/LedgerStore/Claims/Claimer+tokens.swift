internal import Ledger
internal import Postgres

/// Who takes over which tokens.
struct TokenTaker: Sendable {
    let claimant: Claimant
    let tokens: [Fingerprint]
}

/// Tokens that one user is about to take over, and from which others are kept meanwhile.
struct HeldTokens: Sendable {
    fileprivate(set) var claims: [ClaimAttempt.Claim]

    init(_ tokens: [Fingerprint], _ claimant: Claimant, _ logs: Logs) {
        claims = tokens.map { token in
            ClaimAttempt.Claim(
                place: ClaimPlace(
                    kind: .token,
                    fingerprint: token,
                    home: logs.home(of: token).id
                ),
                steps: ClaimSteps(subject: claimant.subject, isAtHome: false)
            )
        }
    }

    /// Whether all are reserved, as far as is known.
    var areReserved: Bool { references.allSatisfy { $0 != nil } }

    /// Takes in which row the home has.
    mutating func found(_ row: Reservation, at index: Int) { claims[index].steps.found(row) }

    /// With which the append takes them over, in their order.
    var references: [Identifier?] {
        claims.map { claim in
            guard case .append(let reference) = claim.steps.step else { return nil }
            return reference
        }
    }
}

extension Claimer {
    /// Reserves tokens, each in its home, one after the other: whoever takes any of them over, in whatever log, waits.
    ///
    /// Throws `StoreError.overloaded` when somebody else was at work with one all the time that a call has.
    func hold(
        _ tokens: [Fingerprint],
        for claimant: Claimant
    ) async throws(StoreError) -> HeldTokens {
        let latest = ContinuousClock.now + StoreLimits.claimTimeMax
        var held = HeldTokens(tokens, claimant, logs)
        for index in held.claims.indices {
            do {
                try await go(&held.claims[index], of: claimant, until: latest)
            } catch {
                await letGo(&held, of: claimant, isWritten: false)
                throw error
            }
        }
        return held
    }

    /// Lets others have the tokens: at once where they were taken over, and burned first where nobody knows what an
    /// append with these reservations may come to yet.
    ///
    /// What cannot be removed now is taken away later by whoever wants it.
    func letGo(_ held: inout HeldTokens, of claimant: Claimant, isWritten: Bool) async {
        let latest = ContinuousClock.now + StoreLimits.claimTimeMax
        for index in held.claims.indices {
            if isWritten {
                held.claims[index].steps.letGo()
            } else {
                held.claims[index].steps.withdraw()
            }
            try? await go(&held.claims[index], of: claimant, until: latest)
        }
    }
}
