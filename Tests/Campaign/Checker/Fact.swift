internal import Wire

/// A record as the checker reads it: from its JSON alone, by none of the code that wrote it.
struct Fact: Sendable {
    let position: Int
    /// Empty when the record has none, which is a violation of its own.
    let id: String
    /// The app.
    let source: String
    let type: String
    let subject: String?
    let subjectVersion: Int?
    private let data: JSONValue

    init(_ record: JSONValue, at position: Int) {
        self.position = position
        id = record["id"]?.text ?? ""
        source = record["source"]?.text ?? ""
        type = record["type"]?.text ?? ""
        subject = record["subject"]?.text
        subjectVersion = record["subjectversion"]?.whole
        data = record["data"] ?? .null
    }

    /// A text of the event's data.
    subscript(name: String) -> String? { data[name]?.text }

    /// A number of the event's data.
    func number(_ name: String) -> Int? { data[name]?.whole }

    var isLaunched: Bool { type == "connect.launched" || type == "edit.launched" }
    var isFinalized: Bool { type == "connect.finalized" || type == "edit.finalized" }

    /// The token that the event brought, if it is of that kind.
    var issued: IssuedToken? {
        let kind: TokenKind
        switch type {
        case "access_token.rotated": kind = .access
        case "public_token.rotated", "public_token.recovered": kind = .publicToken
        default: return nil
        }
        guard let subject, let version = number("version") else { return nil }
        return IssuedToken(subject: subject, kind: kind, version: version)
    }
}

/// The two tokens of a user, as the access log calls them.
enum TokenKind: String, Sendable {
    case access = "access_token"
    case publicToken = "public_token"
}

/// A token by the place where it was issued.
struct IssuedToken: Hashable, Sendable {
    let subject: String
    let kind: TokenKind
    let version: Int
}

/// The versions of the tokens that a user holds at one moment; 0 before the first.
struct HeldVersions: Sendable {
    var access = 0
    var publicToken = 0

    subscript(kind: TokenKind) -> Int {
        get { kind == .access ? access : publicToken }
        set {
            switch kind {
            case .access: access = newValue
            case .publicToken: publicToken = newValue
            }
        }
    }
}

extension JSONValue {
    /// The number, if it is a whole one.
    fileprivate var whole: Int? {
        guard case .number(let spelling) = self else { return nil }
        return Int(spelling)
    }
}
