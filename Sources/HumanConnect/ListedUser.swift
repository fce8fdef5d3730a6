package import Ledger
internal import Wire

/// One entry of the provider's list of an app's users (docs/provider.md#users-of-an-app).
package enum ListedUser: Sendable, Equatable {
    /// A person, and the app's own user id, which the application API calls `externalId`; nil for
    /// a user whom the app did not name.
    case person(humanID: Secret, clientUserID: Secret?)
    /// Who it is cannot be read; perhaps for whom it stands.
    case unreadable(clientUserID: Secret?)

    /// Reads an entry; what cannot be read of it spoils no other.
    init(_ element: JSONArrayReader.Element, of app: ProviderApp) {
        guard case .bytes(let bytes) = element, let entry = try? AnswerFields.parse(bytes) else {
            self = .unreadable(clientUserID: nil)
            return
        }
        self.init(entry, of: app)
    }

    init(_ entry: JSONValue, of app: ProviderApp) {
        var clientUserID: Secret?
        do throws(HumanConnectError) {
            // Whom the app did not name may have an empty name.
            if entry.values(named: "externalId") != [.string("")] {
                clientUserID = try AnswerFields.optional("externalId", in: entry)
                    .map { Secret($0) }
            }
            let humanID = Secret(try AnswerFields.required("humanId", in: entry))
            if let appID = try AnswerFields.optional("appId", in: entry),
                Secret(appID) != Secret(app.clientID)
            {
                throw .unknown(.invalidField("appId"))
            }
            self = .person(humanID: humanID, clientUserID: clientUserID)
        } catch {
            self = .unreadable(clientUserID: clientUserID)
        }
    }
}
