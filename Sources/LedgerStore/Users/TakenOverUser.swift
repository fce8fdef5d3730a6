package import Ledger
internal import Vault

/// What another system held for one user.
package struct TakenOverUser: Sendable {
    package let clientUserID: Secret
    package let humanID: Secret
    package let accessToken: Secret
    package let publicToken: Secret

    package init(clientUserID: Secret, humanID: Secret, accessToken: Secret, publicToken: Secret) {
        self.clientUserID = clientUserID
        self.humanID = humanID
        self.accessToken = accessToken
        self.publicToken = publicToken
    }
}

/// The same by keyed fingerprints.
package struct TakenOverFingerprints: Sendable {
    /// Where the user is, or is at home.
    let log: Log
    package let user: Fingerprint
    package let human: Fingerprint
    package let accessToken: Fingerprint
    package let publicToken: Fingerprint
    /// The id of the event that takes exactly these over: it decides who is first.
    let event: Identifier

    /// `values` are user, person, access token and public token.
    init(_ values: [Fingerprint], in log: Log, _ app: StoredApp, _ vault: Vault) {
        self.log = log
        user = values[0]
        human = values[1]
        accessToken = values[2]
        publicToken = values[3]
        event = vault.eventID(ofTakenOver: values, app: app.id, in: log)
    }

    var values: [Fingerprint] { [user, human, accessToken, publicToken] }

    func question(_ app: StoredApp) -> UserReader.Question {
        UserReader.Question(log: log, app: app.id, fingerprint: user, subject: nil)
    }

    /// Access token and public token: always in this order, so that no two reserve two of them crosswise.
    var tokens: [Fingerprint] { [accessToken, publicToken] }

    func hasToken(in held: Set<Fingerprint>) -> Bool {
        tokens.contains(where: held.contains)
    }
}
