package import Ledger
internal import Wire

/// What the tokens endpoint answered, complete and checked (docs/provider.md#the-tokens-endpoint).
package struct TokenAnswer: Sendable, Equatable {
    package let humanID: Secret
    package let accessToken: Secret
    package let publicToken: Secret
    package let clientID: String?
    /// The app's own user id, decoded.
    ///
    /// Absent in answers of 2014.
    package let clientUserID: Secret?

    package init(
        humanID: Secret,
        accessToken: Secret,
        publicToken: Secret,
        clientID: String?,
        clientUserID: Secret?
    ) {
        self.humanID = humanID
        self.accessToken = accessToken
        self.publicToken = publicToken
        self.clientID = clientID
        self.clientUserID = clientUserID
    }

    /// The same answer, for the user of this id.
    package func naming(_ clientUserID: Secret?) -> TokenAnswer {
        TokenAnswer(
            humanID: humanID,
            accessToken: accessToken,
            publicToken: publicToken,
            clientID: clientID,
            clientUserID: clientUserID
        )
    }

    /// Reads a 2xx answer's body: all three values, each once, or an error.
    ///
    /// - Throws: `HumanConnectError.unknown`, for an exchange may have been made.
    package init(body: [UInt8]) throws(HumanConnectError) {
        try self.init(try AnswerFields.parse(body))
    }

    init(_ answer: JSONValue) throws(HumanConnectError) {
        self.init(
            humanID: Secret(try AnswerFields.required("humanId", in: answer)),
            accessToken: Secret(try AnswerFields.required("accessToken", in: answer)),
            publicToken: Secret(try AnswerFields.required("publicToken", in: answer)),
            clientID: try AnswerFields.optional("clientId", in: answer),
            clientUserID: try AnswerFields.optional("clientUserId", in: answer)
                .map { Secret($0) }
        )
    }
}
