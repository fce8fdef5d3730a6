import AsyncHTTPClient
import BoundedClient
import Foundation
package import Ledger
package import NIOCore
import NIOHTTP1
import NIOPosix
internal import Wire

/// Calls the provider: one request per call, a fresh connection each, nothing ever sent twice.
package struct HumanConnectClient: Sendable {
    /// The client's limits; tests shorten them.
    package struct Configuration: Sendable {
        /// A provider that takes longer to accept a connection is away.
        package var connectTimeMax: Duration = .seconds(3)
        /// A person waits in front of the popup; after this we look the outcome up instead.
        package var totalTimeMax: Duration = .seconds(15)
        /// Real answers are about 500 bytes long.
        package var answerBytesMax = 65_536
        /// A hundred thousand users at about 160 bytes.
        package var usersAnswerBytesMax = 16_777_216

        package init() {}
    }

    /// Calls at a time to one host; more of them wait, within their own deadline.
    static let connectionsMax = 64

    let configuration: Configuration
    let client: HTTPClient

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
        client = HTTPClient(eventLoopGroupProvider: .shared(eventLoopGroup), configuration: http)
    }

    /// Ends the client; calls under way fail.
    package func shutdown() async throws {
        try await client.shutdown()
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
            try await post(body, to: app.endpoints.user + "/v1/connect/tokens")
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
        let answer = try await post(body, to: app.endpoints.user + "/v1/connect/publictokens")
        let token = Secret(try AnswerFields.required("publicToken", in: answer))
        guard Secret(try AnswerFields.required("humanId", in: answer)) == humanID else {
            throw .unknown(.differentHuman)
        }
        return token
    }

    /// Lists all users of an app (docs/provider.md#users-of-an-app).
    ///
    /// Needs the App Key.
    ///
    /// - Throws: `HumanConnectError`, `.notSent(.notConfigured)` without an App Key.
    package func users(of app: ProviderApp) async throws(HumanConnectError) -> [ProviderUser] {
        guard let appKey = app.appKey else { throw .notSent(.notConfigured) }
        let clientID = PercentCoding.encode(app.clientID, keeping: .unreserved)
        var request = HTTPClientRequest(url: app.endpoints.api + "/v1/apps/\(clientID)/users")
        let credentials = Data((appKey.exposed + ":").utf8).base64EncodedString()
        request.headers.add(name: "Authorization", value: "Basic " + credentials)
        let answer = try await send(
            request,
            body: nil,
            answerBytesMax: configuration.usersAnswerBytesMax
        )
        guard case .array(let elements) = answer else { throw .unknown(.malformedAnswer) }
        var users: [ProviderUser] = []
        for element in elements {
            users.append(
                ProviderUser(
                    humanID: Secret(try AnswerFields.required("humanId", in: element)),
                    clientUserID: try AnswerFields.optional("externalId", in: element).map {
                        Secret($0)
                    },
                    createdAt: try AnswerFields.optional("createdAt", in: element)
                )
            )
        }
        return users
    }

    private func post(
        _ body: JSONValue,
        to url: String
    ) async throws(HumanConnectError) -> JSONValue {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        return try await send(
            request,
            body: body.encoded,
            answerBytesMax: configuration.answerBytesMax
        )
    }
}
