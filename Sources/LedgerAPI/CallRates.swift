/// How much a caller may ask, and for how long more than that: a token bucket.
package struct CallRate: Sendable, Equatable {
    /// How many calls a second, in the long run.
    package let perSecond: Double
    /// How many at once, after a time without any.
    package let burst: Double

    package init(perSecond: Double, burst: Double) {
        self.perSecond = perSecond
        self.burst = burst
    }

    /// What calls a second an operator names, with room for bursts of `seconds`; none for 0.
    package static func each(second calls: Int, burstSeconds seconds: Int) -> CallRate? {
        guard calls > 0 else { return nil }
        return CallRate(perSecond: Double(calls), burst: Double(calls * seconds))
    }
}

/// The rates of one copy of the service; nil means unlimited.
package struct CallRates: Sendable {
    /// Calls with one API key.
    package var key: CallRate?
    /// Calls from one address that show neither a valid key nor a valid launch token.
    package var address: CallRate?
    /// Calls with one launch token: posts and preflights of one popup.
    package var launch: CallRate?
    /// Users that one API key makes.
    package var newUsers: CallRate?

    /// Of anything as much as it takes: for benchmarks.
    package static let unlimited = CallRates(key: nil, address: nil, launch: nil, newUsers: nil)

    /// What is so unless it is set (docs/operator.md#limits).
    package static let usual = CallRates(
        key: usualKeyCalls,
        address: usualAddressCalls,
        launch: usualLaunchCalls,
        newUsers: usualNewUsers
    )

    /// One key may use what a small machine has to give, but not in the long run.
    package static let keyBurstSeconds = 2
    package static let addressBurstSeconds = 2
    package static let launchBurstSeconds = 10
    /// New users are counted by the hour: who brings many at once may.
    package static let newUserSeconds = 3_600

    private static let usualKeyCalls = CallRate.each(second: 5_000, burstSeconds: keyBurstSeconds)
    private static let usualAddressCalls = CallRate.each(
        second: 500,
        burstSeconds: addressBurstSeconds
    )
    private static let usualLaunchCalls = CallRate.each(
        second: 20,
        burstSeconds: launchBurstSeconds
    )
    private static let usualNewUsers = newUsers(perHour: 100_000)

    /// So many users an hour, all at once if need be; none for 0.
    package static func newUsers(perHour count: Int) -> CallRate? {
        guard count > 0 else { return nil }
        return CallRate(perSecond: Double(count) / Double(newUserSeconds), burst: Double(count))
    }
}
