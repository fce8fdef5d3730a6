internal import HumanConnect
internal import Ledger
internal import Wire

/// An answer of the provider as the spool keeps it, before it is sealed: JSON with the finalize
/// that it belongs to, so that a file under another's name is noticed.
struct KeptAnswer {
    let finalize: Identifier
    let result: ExchangeResult

    /// Reads what `ExchangeResult.spelled` wrote; nil for anything else.
    init?(_ text: Secret) {
        guard let value = try? JSONParser.parse(text.exposedBytes, depthMax: 3),
            let finalize = value["finalize"]?.text.flatMap({ Identifier($0) })
        else { return nil }
        self.finalize = finalize
        if case .number(let status)? = value["rejected"], let status = Int(status) {
            result = .rejected(status: status)
        } else if let answer = value["answer"],
            let tokens = try? TokenAnswer(body: answer.encoded)
        {
            result = .answered(tokens)
        } else {
            return nil
        }
    }
}

extension ExchangeResult {
    /// The provider's answer as the spool keeps it; nil when the provider has not answered.
    func spelled(for finalize: Identifier) -> Secret? {
        var members: [JSONValue.Member] = [.init("finalize", .string("\(finalize)"))]
        switch self {
        case .answered(let answer): members.append(.init("answer", answer.spelled))
        case .rejected(let status): members.append(.init("rejected", .number("\(status)")))
        case .refused, .unresolved: return nil
        }
        return Secret(String(decoding: JSONValue.object(members).encoded, as: UTF8.self))
    }
}

extension TokenAnswer {
    /// In the provider's own names, as `init(body:)` reads it.
    fileprivate var spelled: JSONValue {
        var members: [JSONValue.Member] = [
            .init("humanId", .string(humanID.exposed)),
            .init("accessToken", .string(accessToken.exposed)),
            .init("publicToken", .string(publicToken.exposed)),
        ]
        if let clientID { members.append(.init("clientId", .string(clientID))) }
        if let clientUserID {
            members.append(.init("clientUserId", .string(clientUserID.exposed)))
        }
        return .object(members)
    }
}
