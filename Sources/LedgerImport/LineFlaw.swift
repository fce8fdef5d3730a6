internal import LedgerStore
package import Ledger

/// What is wrong with a line of a file to be imported, or with what it asks for.
package enum LineFlaw: Sendable, Equatable {
    /// Longer than the four fields can be.
    case tooLong
    case notUTF8
    /// A quoted field does not end on its line.
    case openQuote
    /// A quote inside a field that is not quoted, or text behind a closing quote.
    case strayQuote
    /// Another number of fields than the header has.
    case fieldCount
    /// A line of NDJSON that is no JSON object of the four texts.
    case notTheFour
    case clientUserID
    case humanID
    case publicToken
    case accessToken
    /// Another line is about the same user.
    case sameUser(line: Int64)
    /// Another line names the same person.
    case samePerson(line: Int64)
    /// Another line has the same access token.
    case sameAccessToken(line: Int64)
    /// Another line has the same public token.
    case samePublicToken(line: Int64)
    /// What the ledger knows of the user speaks against it.
    case refused(ImportRefusal)

    /// A word for it that stays.
    package var code: String {
        switch self {
        case .tooLong: "line_too_long"
        case .notUTF8: "not_utf8"
        case .openQuote: "open_quote"
        case .strayQuote: "stray_quote"
        case .fieldCount: "field_count"
        case .notTheFour: "not_the_four_fields"
        case .clientUserID: "client_user_id_invalid"
        case .humanID: "human_id_invalid"
        case .publicToken: "public_token_invalid"
        case .accessToken: "access_token_invalid"
        case .sameUser: "same_user"
        case .samePerson: "same_person"
        case .sameAccessToken: "same_access_token"
        case .samePublicToken: "same_public_token"
        case .refused(let refusal): refusal.rawValue
        }
    }

    /// The other line that it is about, if there is one.
    package var otherLine: Int64? {
        switch self {
        case .sameUser(let line), .samePerson(let line), .sameAccessToken(let line),
            .samePublicToken(let line):
            line
        default: nil
        }
    }
}

extension LineFlaw: CustomStringConvertible {
    /// Why, for the person at the terminal; values are never in it.
    package var description: String {
        switch self {
        case .tooLong: "it is longer than the four fields can be"
        case .notUTF8: "it is not UTF-8"
        case .openQuote: "a quote does not end on this line"
        case .strayQuote: "a quote stands where none may; within quotes it is written twice"
        case .fieldCount: "it has not as many fields as the header"
        case .notTheFour: "it is not one JSON object with \(ImportField.names), each a text"
        case .clientUserID:
            "clientUserId is empty, too long, or has characters that it may not have"
        case .humanID: "humanId is empty, too long, or has characters that it may not have"
        case .publicToken: "publicToken is empty, too long, or has characters that it may not have"
        case .accessToken: "accessToken is empty, too long, or has characters that it may not have"
        case .sameUser(let line): "line \(line) is about the same user"
        case .samePerson(let line): "line \(line) names the same person (humanId)"
        case .sameAccessToken(let line): "line \(line) has the same accessToken"
        case .samePublicToken(let line): "line \(line) has the same publicToken"
        case .refused(let refusal): Self.words(refusal)
        }
    }

    private static func words(_ refusal: ImportRefusal) -> String {
        switch refusal {
        case .otherTokens: "the user holds other tokens here, which may be newer"
        case .otherPerson: "the user is linked to another person here"
        case .personTaken: "the person is linked to another user of the app"
        case .tokenTaken: "another user of the app holds one of the tokens"
        case .damaged: "what is stored of the user is damaged; token-ledger verify tells more"
        case .personGone: "the provider said that the user's person is gone"
        case .beingConnected: "the user has just finished a popup; try again in some minutes"
        }
    }
}

// MARK: As it is sorted

extension LineFlaw {
    /// The number of each, in the order in which the first of several is told.
    private static let numbered: [LineFlaw] = [
        .tooLong, .notUTF8, .openQuote, .strayQuote, .fieldCount, .notTheFour, .clientUserID,
        .humanID, .publicToken, .accessToken, .sameUser(line: 0), .samePerson(line: 0),
        .sameAccessToken(line: 0), .samePublicToken(line: 0), .refused(.otherTokens),
        .refused(.otherPerson), .refused(.personTaken), .refused(.personGone),
        .refused(.beingConnected), .refused(.tokenTaken), .refused(.damaged),
    ]

    var number: Int64 {
        guard let index = Self.numbered.firstIndex(where: { $0.code == code }) else {
            preconditionFailure("Every flaw has its number.")
        }
        return Int64(index)
    }

    /// The flaw of a number; nil beyond the last.
    init?(number: Int64, otherLine: Int64) {
        guard Self.numbered.indices.contains(Int(number)) else { return nil }
        switch Self.numbered[Int(number)] {
        case .sameUser: self = .sameUser(line: otherLine)
        case .samePerson: self = .samePerson(line: otherLine)
        case .sameAccessToken: self = .sameAccessToken(line: otherLine)
        case .samePublicToken: self = .samePublicToken(line: otherLine)
        case let other: self = other
        }
    }
}
