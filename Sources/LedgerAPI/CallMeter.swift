internal import BoundedServer
internal import HTTPTypes
internal import Ledger
internal import Measures
internal import Synchronization

/// What each kind of caller has left, in this copy of the service.
final class CallLimits: Sendable {
    let keys: RateTable<String>?
    let addresses: RateTable<ClientAddress>?
    let launches: RateTable<Identifier>?
    let newUsers: RateTable<String>?
    /// How many calls were refused, by policy.
    fileprivate let refusals = CounterTable<CallPolicy>()

    init(_ rates: CallRates) {
        keys = rates.key.map(RateTable.init)
        addresses = rates.address.map(RateTable.init)
        launches = rates.launch.map(RateTable.init)
        newUsers = rates.newUsers.map(RateTable.init)
    }

    /// Adds the rates, and who was refused for them, to a page of metrics.
    func fill(_ page: inout MetricPage) {
        page.add(.limitedRequests, refusals, by: "policy")
        for family in [MetricFamily.rate, .burst, .callers] { page.name(family) }
        page.add(.callersMax, RequestLimits.rateNamesMax)
        fill(&page, .key, keys)
        fill(&page, .address, addresses)
        fill(&page, .launch, launches)
        fill(&page, .newUsers, newUsers)
    }

    /// A rate that was lifted has no series.
    private func fill<Name>(
        _ page: inout MetricPage,
        _ policy: CallPolicy,
        _ table: RateTable<Name>?
    ) {
        guard let table else { return }
        let labels: MetricPage.Labels = ["policy": policy.rawValue]
        page.add(.rate, table.rate.perSecond, labels)
        page.add(.burst, table.rate.burst, labels)
        page.add(.callers, table.nameCount, labels)
    }
}

/// Which rate a call is counted by; the name is that of the policy in `RateLimit`.
package enum CallPolicy: String, Sendable, CaseIterable {
    case key, address, launch
    case newUsers = "new-users"
}

/// Counts one request by whom it comes from, once that is known.
final class CallMeter: Sendable {
    private struct Count {
        let policy: CallPolicy
        let rate: CallRate
        let isWithin: Bool
        let left: Int
        let wait: Duration
    }

    private let limits: CallLimits
    private let address: ClientAddress
    /// By what the request was counted last.
    private let last = Mutex<Count?>(nil)

    init(_ limits: CallLimits, address: ClientAddress) {
        self.limits = limits
        self.address = address
    }

    /// Counts a call with a key that is valid.
    func count(key: String) throws(LedgerError) { try count(.key, limits.keys, key) }

    /// Counts a call with a launch token that is valid.
    func count(launch: Identifier) throws(LedgerError) {
        try count(.launch, limits.launches, launch)
    }

    /// Counts a call that shows nothing valid.
    func countAddress() throws(LedgerError) { try count(.address, limits.addresses, address) }

    /// Refuses who has shown nothing valid too often; counts nothing.
    func checkAddress() throws(LedgerError) {
        guard let table = limits.addresses, !table.hasRoom(address) else { return }
        try countAddress()
    }

    /// Counts a user that a key makes; whether it may.
    func mayMakeUser(key: String) -> Bool {
        (try? count(.newUsers, limits.newUsers, key)) != nil
    }

    private func count<Name>(
        _ policy: CallPolicy,
        _ table: RateTable<Name>?,
        _ name: Name
    ) throws(LedgerError) {
        guard let table else { return }
        let standing = table.take(name)
        last.withLock {
            $0 = Count(
                policy: policy,
                rate: table.rate,
                isWithin: standing.isWithin,
                left: standing.left,
                wait: standing.wait
            )
        }
        guard !standing.isWithin else { return }
        limits.refusals.add(policy)
        throw .rateLimited(policy)
    }

    /// Whether the request was refused for the address that it comes from.
    var isAddressRefused: Bool {
        last.withLock { $0.map { $0.policy == .address && !$0.isWithin } ?? false }
    }

    /// Tells the caller how it stands, and when to come again
    /// (draft-ietf-httpapi-ratelimit-headers-10).
    ///
    /// Who has shown nothing valid learns it only with a refusal.
    func tell(_ headers: inout HTTPFields) {
        guard let count = last.withLock({ $0 }), count.policy != .address || !count.isWithin
        else { return }
        let name = "\"" + count.policy.rawValue + "\""
        let window = Int((count.rate.burst / count.rate.perSecond).rounded(.up))
        let reset = Int((count.wait / .seconds(1)).rounded(.up))
        headers[.rateLimitPolicy] = name + ";q=\(Int(count.rate.burst));w=\(window)"
        headers[.rateLimit] = name + ";r=\(count.left);t=\(reset)"
        if !count.isWithin { headers[.retryAfter] = "\(max(1, reset))" }
    }
}

extension MetricFamily {
    fileprivate static let limitedRequests = counter(
        "token_ledger_rate_limited_requests_total",
        "Requests that were refused with 429, by the rate that they were over"
    )
    fileprivate static let rate = gauge(
        "token_ledger_rate_limit_per_second",
        "How many calls a second a caller may make in the long run; absent where the limit is lifted"
    )
    fileprivate static let burst = gauge(
        "token_ledger_rate_limit_burst",
        "How many calls a caller may make at once; absent where the limit is lifted"
    )
    fileprivate static let callers = gauge(
        "token_ledger_rate_limit_callers",
        "How many keys, launches and addresses are told apart now by their rate"
    )
    fileprivate static let callersMax = gauge(
        "token_ledger_rate_limit_callers_max",
        "How many of each are told apart; who has not called for longest is forgotten"
    )
}
