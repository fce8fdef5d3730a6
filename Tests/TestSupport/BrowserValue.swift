/// A JSON value, as it travels between the tests and the browser.
package enum BrowserValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([BrowserValue])
    case object([String: BrowserValue])

    /// The text, when this is a string.
    package var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The number, when this is one.
    package var number: Double? {
        if case .number(let value) = self { value } else { nil }
    }

    /// True or false, when this is a boolean.
    package var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The elements; none when this is not an array.
    package var array: [BrowserValue] {
        if case .array(let values) = self { values } else { [] }
    }

    /// The member of that name, when this is an object that has it.
    package subscript(name: String) -> BrowserValue? {
        if case .object(let members) = self { members[name] } else { nil }
    }
}

extension BrowserValue: Codable {
    /// Reads any JSON value.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let values = try? container.decode([BrowserValue].self) {
            self = .array(values)
        } else {
            self = .object(try container.decode([String: BrowserValue].self))
        }
    }

    /// Writes the value as itself, without the name of its case.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let values): try container.encode(values)
        case .object(let members): try container.encode(members)
        }
    }
}

extension BrowserValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int) { self = .number(Double(value)) }
    package init(arrayLiteral values: BrowserValue...) { self = .array(values) }
    package init(dictionaryLiteral members: (String, BrowserValue)...) {
        self = .object(Dictionary(members) { _, last in last })
    }
}
