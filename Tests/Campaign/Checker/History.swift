internal import Wire

/// The log of facts, put in order for the rules: one pass, no state of the service's.
struct History: Sendable {
    let facts: [Fact]
    /// The event of each launch.
    private(set) var launches: [String: Fact] = [:]
    /// The reports on record, by launch.
    private(set) var reports: [String: Set<String>] = [:]
    private(set) var finalizes: [String: FinalizeTrail] = [:]
    /// The finalizes of a launch, oldest first.
    private(set) var finalizesOfLaunch: [String: [String]] = [:]
    /// The event that brought a token version for the first time.
    private(set) var issues: [IssuedToken: Fact] = [:]
    /// What a user held right after one of his finalizes had brought tokens.
    private(set) var heldAfter: [String: HeldVersions] = [:]

    init(_ records: [JSONValue]) {
        facts = records.enumerated().map { Fact($1, at: $0) }
        var held: [String: HeldVersions] = [:]
        var tokensPositions: [String: Int] = [:]
        for fact in facts {
            note(fact)
            guard let subject = fact.subject else { continue }
            if let issued = fact.issued {
                held[subject, default: .init()][issued.kind] = issued.version
            }
            if fact.isFinalized { tokensPositions[subject] = fact.position }
            // A rotation stands behind the event of the finalize that caused it.
            if let finalize = fact.isFinalized ? fact["finalize"] : fact["cause"] {
                heldAfter[finalize] = held[subject] ?? .init()
            }
        }
        for (finalize, trail) in finalizes {
            guard let subject = trail.subject, let position = tokensPositions[subject] else {
                continue
            }
            finalizes[finalize]?.tokensPosition = position
        }
    }

    private mutating func note(_ fact: Fact) {
        if let issued = fact.issued, issues[issued] == nil { issues[issued] = fact }
        if let finalize = fact["finalize"] {
            finalizes[finalize, default: FinalizeTrail(finalize)].append(fact)
        }
        guard let launch = fact["launch"] else { return }
        switch fact.type {
        case "connect.launched", "edit.launched":
            if launches[launch] == nil { launches[launch] = fact }
        case "launch.closed", "launch.failed":
            reports[launch, default: []].insert(fact.type)
        case "finish.received":
            if let finalize = fact["finalize"] {
                finalizesOfLaunch[launch, default: []].append(finalize)
            }
        default: break
        }
    }

    /// All finalizes.
    var trails: some Collection<FinalizeTrail> { finalizes.values }

    /// The finalizes of a launch, oldest first.
    func trails(of launch: String) -> [FinalizeTrail] {
        (finalizesOfLaunch[launch] ?? []).compactMap { finalizes[$0] }
    }

    /// What the user held after the launch had brought tokens, by the first finalize of it that
    /// did; nil when none has.
    ///
    /// A launch rarely has several: which of them a call belonged to, the log does not say, so the
    /// least is what may be expected.
    func heldAfter(launch: String) -> HeldVersions? {
        let finalized = trails(of: launch).compactMap(\.finalized)
        let first = finalized.min { $0.position < $1.position }
        return first?["finalize"].flatMap { heldAfter[$0] }
    }
}
