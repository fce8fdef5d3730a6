internal import LedgerAPI

extension CallRates {
    /// The usual rates, but for those that are set; 0 lifts one.
    init(_ settings: Settings) throws {
        self = .usual
        if let calls = try settings.count(.keyRate) {
            key = .each(second: calls, burstSeconds: Self.keyBurstSeconds)
        }
        if let calls = try settings.count(.addressRate) {
            address = .each(second: calls, burstSeconds: Self.addressBurstSeconds)
        }
        if let calls = try settings.count(.launchRate) {
            launch = .each(second: calls, burstSeconds: Self.launchBurstSeconds)
        }
        if let users = try settings.count(.newUserRate) {
            newUsers = Self.newUsers(perHour: users)
        }
    }
}
