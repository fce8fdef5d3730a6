/// What the sandbox does differently for a user, chosen by name.
package enum SandboxBehaviour: String, Sendable, CaseIterable {
    case slow = "sandbox_slow"
    case denied = "sandbox_denied"
    case exchange500Once = "sandbox_exchange_500_once"
    case exchangeTimeout = "sandbox_exchange_timeout"
    case exchangeMissingField = "sandbox_exchange_missing_field"
    case exchangeWrongHuman = "sandbox_exchange_wrong_human"
    case exchangeWrongUser = "sandbox_exchange_wrong_user"
    case exchangeReset = "sandbox_exchange_reset"
    case exchangeTruncated = "sandbox_exchange_truncated"
    case exchangeBlocked = "sandbox_exchange_blocked"
    case duplicateFinish = "sandbox_duplicate_finish"
    case publicTokens500 = "sandbox_publictokens_500"
    case popupError = "sandbox_popup_error"
    case listedUnreadably = "sandbox_listed_unreadably"
    case listedTwice = "sandbox_listed_twice"
    case listEndless = "sandbox_list_endless"

    /// What happens, in a sentence.
    package var meaning: String {
        switch self {
        case .slow: "The exchange is made, its answer comes after 2 seconds."
        case .denied: "The exchange is refused with 401; nothing is made."
        case .exchange500Once:
            "The first exchange of a session answers 500 and makes nothing; the next one works."
        case .exchangeTimeout: "The exchange is made, its answer never comes."
        case .exchangeMissingField: "The exchange is made, its answer lacks accessToken."
        case .exchangeWrongHuman: "The exchange is made, its answer names another humanId."
        case .exchangeWrongUser: "The exchange is made, its answer names another clientUserId."
        case .exchangeReset: "The exchange is made, then the connection is dropped."
        case .exchangeTruncated: "The exchange is made, its answer stops in the middle."
        case .exchangeBlocked:
            "A page of HTML with status 403 comes, as from a firewall; nothing is made."
        case .duplicateFinish: "The popup sends its finish message twice."
        case .publicTokens500: "The publictokens endpoint answers 500."
        case .popupError: "The popup shows an error and sends hapi-connect-error."
        case .listedUnreadably: "The app's list of users has the user without a humanId."
        case .listedTwice: "The app's list of users has the user twice, as two persons."
        case .listEndless: "The app's list of users never ends."
        }
    }

    /// The behaviour a user asks for by the user id's own text.
    ///
    /// Where one name is the beginning of another the longer one counts.
    package static func named(in clientUserID: String) -> SandboxBehaviour? {
        allCases.filter { clientUserID.contains($0.rawValue) }
            .max { $0.rawValue.utf8.count < $1.rawValue.utf8.count }
    }
}
