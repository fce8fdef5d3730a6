import AsyncHTTPClient
import BoundedClient
package import Ledger
package import Measures
package import NIOCore
import NIOHTTP1
import NIOPosix
internal import Wire

/// Calls the provider: a fresh connection for each request, and no session ever sent twice.
package struct HumanConnectClient: Sendable {
    /// The client's limits; tests shorten them.
    package struct Configuration: Sendable {
        /// A provider that takes longer to accept a connection is away.
        package var connectTimeMax: Duration = .seconds(3)
        /// A person waits in front of the popup; after this we look the outcome up instead.
        package var totalTimeMax: Duration = .seconds(15)
        /// Real answers are about 500 bytes long.
        package var answerBytesMax = 65_536
        /// One call in this time finds out whether a host that was away is back.
        package var probePause: Duration = .seconds(10)
        /// A look at an app's users that takes longer is given up.
        package var lookTimeMax: Duration = .seconds(7)
        /// 800,000 users at about 160 bytes.
        package var listBytesMax = 134_217_728

        package init() {}
    }

    /// Calls at a time to one host; more of them wait, within their own deadline.
    static let connectionsMax = 64
    static let exchangePath = ProviderCall.exchange.rawValue

    let configuration: Configuration
    let client: HTTPClient
    let health: HostHealth
    let meter = ProviderMeter()

    /// A client with its own settings; `shutdown` ends it.
    package init(
        configuration: Configuration = Configuration(),
        eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) {
        self.configuration = configuration
        var http = HTTPClient.Configuration.bounded(
            connectTimeMax: configuration.connectTimeMax,
            totalTimeMax: configuration.totalTimeMax
        )
        // An idle connection may be closed by the other side just when we write: with fresh
        // ones, what was not sent is known not to be sent.
        http.maximumUsesPerConnection = 1
        http.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = Self.connectionsMax
        #if CRASH_POINTS
        http.http1_1ConnectionDebugInitializer = ExchangeCrash.initializer
        #endif
        client = HTTPClient(eventLoopGroupProvider: .shared(eventLoopGroup), configuration: http)
        var limits = CircuitBreaker.Limits()
        limits.probePause = configuration.probePause
        health = HostHealth(limits: limits)
    }

    /// Adds how calls and hosts do to a page of metrics.
    package func fill(_ page: inout MetricPage) {
        meter.fill(&page)
        let (known, away) = health.counts
        page.add(.hosts, known)
        page.add(.hostsAway, away)
        page.add(.callTimeMax, configuration.totalTimeMax)
        page.add(.callsMax, Self.connectionsMax)
    }

    /// Ends the client; calls under way fail.
    package func shutdown() async throws {
        try await client.shutdown()
    }

    /// Whether an exchange is worth trying now (docs/decisions/0033-when-the-provider-is-away.md).
    ///
    /// To be asked before the session is given to an exchange, and before each further dispatch:
    /// `exchange` itself does not ask. While the host is away, one caller in ten seconds is let
    /// through, to find out.
    package func admission(for app: ProviderApp) -> CircuitBreaker.Admission {
        health.admit(app.userCaller)
    }

    /// Trades a finished session for tokens: the one POST of docs/provider.md#the-tokens-endpoint.
    ///
    /// - Throws: `HumanConnectError`
    package func exchange(
        _ session: SessionTokenObject,
        for app: ProviderApp
    ) async throws(HumanConnectError) -> TokenAnswer {
        let body: JSONValue = [
            "humanId": .string(session.humanID.exposed),
            "clientId": .string(app.clientID),
            "sessionToken": .string(session.sessionToken.exposed),
            "clientSecret": .string(app.clientSecret.exposed),
        ]
        return try TokenAnswer(
            try await post(body, .exchange, app)
        )
    }

    /// Asks for a user's current public token: the repeatable call of
    /// docs/provider.md#the-publictokens-endpoint.
    ///
    /// - Throws: `HumanConnectError`, `.unknown(.differentHuman)` when the answer is about
    ///   someone else.
    package func publicToken(
        humanID: Secret,
        for app: ProviderApp
    ) async throws(HumanConnectError) -> Secret {
        let body: JSONValue = [
            "humanId": .string(humanID.exposed),
            "clientId": .string(app.clientID),
            "clientSecret": .string(app.clientSecret.exposed),
        ]
        try admit(app.userCaller)
        let answer = try await Standstill.askingAgain(
            timeMax: configuration.totalTimeMax
        ) { () throws(HumanConnectError) in
            try await post(body, .publicToken, app)
        }
        let token = Secret(try AnswerFields.required("publicToken", in: answer))
        guard Secret(try AnswerFields.required("humanId", in: answer)) == humanID else {
            throw .unknown(.differentHuman)
        }
        return token
    }

    private func post(
        _ body: JSONValue,
        _ call: ProviderCall,
        _ app: ProviderApp
    ) async throws(HumanConnectError) -> JSONValue {
        var request = HTTPClientRequest(url: app.endpoints.user + call.rawValue)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        let answer = try await answer(
            to: request,
            by: app.userCaller,
            of: call,
            body: body.encoded,
            timeMax: configuration.totalTimeMax
        )
        return try AnswerFields.parse(answer.body)
    }
}

extension MetricFamily {
    fileprivate static let hosts = gauge(
        "token_ledger_provider_hosts",
        "Hosts of the provider that were called"
    )
    fileprivate static let hostsAway = gauge(
        "token_ledger_provider_hosts_away",
        "Hosts of the provider that are not called now, because calls failed one after the other"
    )
    fileprivate static let callTimeMax = gauge(
        "token_ledger_provider_call_max_seconds",
        "How long a call to the provider may take"
    )
    fileprivate static let callsMax = gauge(
        "token_ledger_provider_calls_max",
        "How many calls to one host of the provider may be under way"
    )
}
