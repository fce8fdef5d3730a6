internal import Wire

/// The fields of the provider's answers: one plain text each, or the answer is not believed.
enum AnswerFields {
    /// Real ones have up to 260 bytes.
    ///
    /// What is longer is no token.
    static let fieldBytesMax = 16_384
    /// Answers have at most two levels.
    static let depthMax = 16

    static func parse(_ body: [UInt8]) throws(HumanConnectError) -> JSONValue {
        guard let value = try? JSONParser.parse(body, depthMax: depthMax) else {
            throw .unknown(.malformedAnswer)
        }
        return value
    }

    static func required(
        _ name: String,
        in answer: JSONValue
    ) throws(HumanConnectError) -> String {
        guard answer.members != nil else { throw .unknown(.malformedAnswer) }
        let values = answer.values(named: name)
        guard let first = values.first else { throw .unknown(.missingField(name)) }
        guard values.count == 1, let text = first.text, !text.isEmpty,
            text.utf8.count <= fieldBytesMax, !text.hasControlCharacter
        else { throw .unknown(.invalidField(name)) }
        return text
    }

    static func optional(
        _ name: String,
        in answer: JSONValue
    ) throws(HumanConnectError) -> String? {
        guard answer.values(named: name).contains(where: { $0 != .null }) else { return nil }
        return try required(name, in: answer)
    }
}
