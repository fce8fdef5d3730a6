package import Ledger

/// What the tokens endpoint answered, complete and checked (contract section 6).
package struct TokenAnswer: Sendable {
    package let humanID: Secret
    package let accessToken: Secret
    package let publicToken: Secret
    package let clientID: String?
    /// The app's own user id, decoded. Absent in answers of 2014.
    package let clientUserID: Secret?

    package init(
        humanID: Secret, accessToken: Secret, publicToken: Secret, clientID: String?,
        clientUserID: Secret?
    ) {
        self.humanID = humanID
        self.accessToken = accessToken
        self.publicToken = publicToken
        self.clientID = clientID
        self.clientUserID = clientUserID
    }
}
