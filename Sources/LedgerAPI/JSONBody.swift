internal import BoundedServer
internal import HTTPTypes
internal import HumanConnect
internal import Hummingbird
internal import Ledger
internal import Wire

/// A JSON object sent by a backend: every key known, none twice (docs/threats.md#t9).
struct JSONBody {
    private let members: [JSONValue.Member]

    /// Reads the body; an empty one is an empty object where `isOptional`.
    init(
        _ request: Request,
        keys: Set<String>,
        isOptional: Bool = false
    ) async throws(LedgerError) {
        let bytes = try await request.bytes(upTo: RequestLimits.bodyBytesMax)
        if bytes.isEmpty && isOptional {
            members = []
            return
        }
        if let type = request.headers[.contentType] {
            guard (try? BodyFormat(contentType: type, body: bytes)) == .json else {
                throw .unsupportedMediaType
            }
        }
        guard
            let value = try? JSONParser.parse(bytes, depthMax: RequestLimits.jsonDepthMax),
            let list = value.members
        else { throw .malformed("The body is not a JSON object.") }
        // Few: there is no more than one of each known key.
        var members: [JSONValue.Member] = []
        for member in list {
            guard keys.contains(member.name) else {
                throw .malformed(
                    "The body has a key that is not known; known are: "
                        + keys.sorted().joined(separator: ", ") + "."
                )
            }
            guard !members.contains(where: { $0.name == member.name }) else {
                throw .malformed("The key \(member.name) stands in the body twice.")
            }
            members.append(member)
        }
        self.members = members
    }

    private func value(_ key: String) -> JSONValue? {
        members.first { $0.name == key }?.value
    }

    /// A string, or nil where the key is absent.
    func string(_ key: String) throws(LedgerError) -> String? {
        guard let value = value(key) else { return nil }
        guard let text = value.text else { throw .malformed("\(key) must be a string.") }
        return text
    }

    /// True or false, or nil where the key is absent.
    func bool(_ key: String) throws(LedgerError) -> Bool? {
        guard let value = value(key) else { return nil }
        guard case .bool(let isSo) = value else {
            throw .malformed("\(key) must be true or false.")
        }
        return isSo
    }

    /// A whole number, or nil where the key is absent.
    func number(_ key: String) throws(LedgerError) -> Int64? {
        guard let value = value(key) else { return nil }
        guard case .number(let spelling) = value, let number = Int64(spelling) else {
            throw .malformed("\(key) must be a whole number.")
        }
        return number
    }

    /// A list of strings, or nil where the key is absent.
    func strings(_ key: String) throws(LedgerError) -> [String]? {
        guard let value = value(key) else { return nil }
        guard case .array(let list) = value else { throw .malformed("\(key) must be a list.") }
        var texts: [String] = []
        for element in list {
            guard let text = element.text else {
                throw .malformed("\(key) must be a list of strings.")
            }
            texts.append(text)
        }
        return texts
    }
}

extension Request {
    /// The whole body.
    func bytes(upTo bytesMax: Int) async throws(LedgerError) -> [UInt8] {
        do {
            return try await wholeBody(upTo: bytesMax)
        } catch {
            switch error {
            case .tooLarge: throw .tooLarge
            case .broken:
                throw .malformed("The body ends early, or is not framed as it must be.")
            }
        }
    }
}

/// The app's own id of a user, as it came in a path or body.
enum ClientUserID {
    /// Accepts what `ClientUserIDRule` does.
    static func parse(_ text: String?) throws(LedgerError) -> Secret {
        guard let text else { throw .malformed("client_user_id is missing.") }
        guard ClientUserIDRule.accepts(text) else {
            throw .malformed(
                "client_user_id must have 1 to \(ClientUserIDRule.charactersMax) "
                    + "characters, no control characters, and no part between slashes "
                    + "that is \".\" or \"..\"."
            )
        }
        return Secret(text)
    }
}
