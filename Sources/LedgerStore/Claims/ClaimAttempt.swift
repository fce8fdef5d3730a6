internal import Ledger

/// A command on its way into its log, and how far each of its claims is.
struct ClaimAttempt: Sendable {
    struct Claim: Sendable {
        let place: ClaimPlace
        var steps: ClaimSteps

        /// Whether there is a step before the append, or instead of it.
        var isUnderWay: Bool {
            switch steps.step {
            case .append, .endClaimed, .endWithdrawn: false
            case .search, .reserve, .look, .ask, .wait, .fence, .release: true
            }
        }
    }

    var claims: [Claim]
    private let original: AppendCommand

    /// Begins with all claims of a command, of which there is one of a kind at most.
    init(_ command: AppendCommand, of claimant: Claimant, _ logs: Logs) {
        precondition(
            Set(command.claims.map(\.kind)).count == command.claims.count,
            "A verdict tells of a claim by its kind."
        )
        original = command
        claims = command.claims.map {
            let home = logs.home(of: $0.fingerprint).id
            return Claim(
                place: ClaimPlace(kind: $0.kind, fingerprint: $0.fingerprint, home: home),
                steps: ClaimSteps(
                    subject: claimant.subject,
                    isAtHome: home == claimant.logID,
                    searches: logs.closedPairs > 0
                )
            )
        }
    }

    /// The command with the reservations that there are now.
    var command: AppendCommand {
        var command = original
        for (index, claim) in claims.enumerated() {
            guard case .append(let reference) = claim.steps.step else { continue }
            command.claims[index].reservation = reference
        }
        return command
    }

    /// Takes in that the append was refused for the sake of one claim; false where that is final.
    mutating func refused(_ kind: LookupKind, isBurned: Bool) -> Bool {
        guard let index = claims.firstIndex(where: { $0.place.kind == kind }),
            case .append(let reference) = claims[index].steps.step
        else { return false }
        guard isBurned else {
            claims[index].steps.refused()
            return true
        }
        guard let reference else { return false }
        claims[index].steps.burned(reference)
        return true
    }
}
