/// A value that must not be shown: a token, or the id of a person.
///
/// It has no textual form: printing, interpolating, logging or reflecting it gives a fixed word.
/// Whoever needs the value says so by name, `exposed`.
public struct SecretValue: Sendable, Hashable {
    /// The value itself; every use of this name is a place to review.
    public let exposed: String

    /// Keeps a value from being shown.
    public init(_ value: String) {
        exposed = value
    }

    /// Compares bytes, other than Swift does with strings.
    public static func == (left: SecretValue, right: SecretValue) -> Bool {
        left.exposed.utf8.elementsEqual(right.exposed.utf8)
    }

    /// Hashes bytes.
    public func hash(into hasher: inout Hasher) {
        for byte in exposed.utf8 { hasher.combine(byte) }
    }
}

extension SecretValue: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Not the value.
    public var description: String { "(secret)" }
    /// Not the value either.
    public var debugDescription: String { "(secret)" }
    /// Nothing to look at.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
