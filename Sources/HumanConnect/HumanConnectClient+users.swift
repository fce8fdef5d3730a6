import AsyncHTTPClient
import BoundedClient
import Foundation
package import Ledger
import NIOHTTP1
internal import Wire

/// The application API, which the App Key opens (docs/provider.md#users-of-an-app).
extension HumanConnectClient {
    /// Asks for one person of an app: the narrowest call there is.
    ///
    /// - Throws: `HumanConnectError`: `.notSent(.notConfigured)` without an App Key, `.rejected`
    ///   for a person whom the app does not have.
    package func user(
        humanID: Secret,
        of app: ProviderApp
    ) async throws(HumanConnectError) -> ListedUser {
        // These two would lead out of the users.
        guard ![".", ".."].contains(humanID.exposed) else { throw .unknown(.differentHuman) }
        let path = "/" + PercentCoding.encode(humanID.exposed, keeping: .unreserved)
        let request = try request(path, app)
        let timeMax = configuration.lookTimeMax
        let answer = try await Standstill.askingAgain(timeMax: timeMax) {
            () throws(HumanConnectError) in
            try await self.answer(to: request, by: app.apiCaller, of: .user, timeMax: timeMax)
        }
        let user = ListedUser(try AnswerFields.parse(answer.body), of: app)
        guard case .person(humanID, _) = user else { throw .unknown(.differentHuman) }
        return user
    }

    /// Reads the list of an app's users entry by entry, and holds one at a time.
    ///
    /// - Parameters:
    ///   - app: an app with its App Key.
    ///   - visit: gets each entry, and may have got some when the call fails, or get some again.
    /// - Returns: how many entries could not be read.
    /// - Throws: `HumanConnectError`: `.notSent(.notConfigured)` without an App Key,
    ///   `.unknown(.listTooLong)` where the limits end the reading.
    package func listUsers(
        of app: ProviderApp,
        _ visit: @escaping @Sendable (ListedUser) -> Void
    ) async throws(HumanConnectError) -> Int {
        let request = try request("", app)
        let timeMax = configuration.lookTimeMax
        return try await Standstill.askingAgain(timeMax: timeMax) { () throws(HumanConnectError) in
            let reading = UserListReading(app: app, visit: visit)
            _ = try await answer(
                to: request,
                by: app.apiCaller,
                of: .users,
                timeMax: timeMax,
                sink: BoundedCall.Sink(bytesMax: configuration.listBytesMax) { part in
                    try reading.read(part)
                }
            )
            return try reading.end()
        }
    }

    private func request(
        _ path: String,
        _ app: ProviderApp
    ) throws(HumanConnectError) -> HTTPClientRequest {
        guard let appKey = app.appKey else { throw .notSent(.notConfigured) }
        try admit(app.apiCaller)
        let clientID = PercentCoding.encode(app.clientID, keeping: .unreserved)
        let url = app.endpoints.api + "/v1/apps/\(clientID)/users" + path
        var request = HTTPClientRequest(url: url)
        let credentials = Data((appKey.exposed + ":").utf8).base64EncodedString()
        request.headers.add(name: "Authorization", value: "Basic " + credentials)
        return request
    }
}
