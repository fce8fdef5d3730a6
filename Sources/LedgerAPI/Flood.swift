/// Whether more are inside than the processor can serve, and not for a moment only.
///
/// Many may be inside for another reason: because the provider is slow, which must not keep out
/// those who do not need it; or because they came at once, and are served a moment later. So a
/// flood begins when there was no room for a while and work had to wait for a processor meanwhile,
/// and it ends when that was not so for a while.
struct Flood {
    typealias Instant = ContinuousClock.Instant

    private(set) var isOn = false
    private var fullSince: Instant?
    /// When there was no room last while work waited.
    private var lastScarce: Instant?

    /// Takes what was seen at a moment.
    mutating func look(insideCount: Int, workDelay: Duration, at now: Instant) {
        if insideCount >= RequestLimits.insideMax {
            fullSince = fullSince ?? now
            if workDelay > RequestLimits.workDelayMax { lastScarce = now }
        } else {
            fullSince = nil
        }
        if isOn {
            isOn = lastScarce.map { now - $0 < RequestLimits.floodEnd } ?? false
        } else if let fullSince, let lastScarce {
            isOn = now - fullSince >= RequestLimits.floodBegin && lastScarce >= fullSince
        }
    }
}
