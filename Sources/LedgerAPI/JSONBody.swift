internal import BoundedServer
internal import HTTPTypes
internal import HumanConnect
internal import Hummingbird
internal import Ledger
internal import Wire

/// A JSON object sent by a backend: every key known, none twice (docs/threats.md#t9).
struct JSONBody {
    private let members: [String: JSONValue]

    /// Reads the body; an empty one is an empty object where `isOptional`.
    init(
        _ request: Request,
        keys: Set<String>,
        isOptional: Bool = false
    ) async throws(LedgerError) {
        let bytes = try await request.bytes(upTo: RequestLimits.bodyBytesMax)
        if bytes.isEmpty && isOptional {
            members = [:]
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
        var members: [String: JSONValue] = [:]
        for member in list {
            guard keys.contains(member.name) else {
                throw .malformed(
                    "The body has a key that is not known; known are: "
                        + keys.sorted().joined(separator: ", ") + "."
                )
            }
            guard members.updateValue(member.value, forKey: member.name) == nil else {
                throw .malformed("The key \(member.name) stands in the body twice.")
            }
        }
        self.members = members
    }

    /// A string, or nil where the key is absent.
    func string(_ key: String) throws(LedgerError) -> String? {
        guard let value = members[key] else { return nil }
        guard let text = value.text else { throw .malformed("\(key) must be a string.") }
        return text
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
    /// Accepts 1 to 512 characters without control characters (docs/provider.md#unknown-18).
    static func parse(_ text: String?) throws(LedgerError) -> Secret {
        guard let text else { throw .malformed("client_user_id is missing.") }
        guard !text.isEmpty,
            text.utf8.count <= 4 * RequestLimits.clientUserIDCharactersMax,
            // A character has at least one byte.
            text.utf8.count <= RequestLimits.clientUserIDCharactersMax
                || text.count <= RequestLimits.clientUserIDCharactersMax,
            !hasStep(text),
            !text.hasControlCharacter
        else {
            throw .malformed(
                "client_user_id must have 1 to \(RequestLimits.clientUserIDCharactersMax) "
                    + "characters, no control characters, and no part between slashes "
                    + "that is \".\" or \"..\"."
            )
        }
        return Secret(text)
    }

    /// Whether a part is what whoever cleans a URL on the way takes for a step between folders.
    ///
    /// Some of them undo `%2F` first, and some take a backslash for a slash: `../events` would then
    /// name the whole app's events.
    private static func hasStep(_ text: String) -> Bool {
        guard text.utf8.contains(UInt8(ascii: ".")) else { return false }
        return text.utf8.split(omittingEmptySubsequences: false) { $0 == 0x2F || $0 == 0x5C }
            .contains { $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8) }
    }
}
