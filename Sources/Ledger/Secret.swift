/// A value that must not be shown: a token, a client secret, an API key.
///
/// It has no textual form: printing, interpolating, logging or reflecting it gives a fixed
/// word. Whoever really needs the value says so by name, `exposed`.
package struct Secret: Sendable, Hashable {
    /// The value itself.
    ///
    /// Every use of this name is a place to review.
    package let exposed: String

    package init(_ value: String) {
        exposed = value
    }

    /// Compares bytes.
    ///
    /// Swift's own comparison of strings takes look-alikes for equal that Unicode calls
    /// canonically equivalent, and two such user ids are two users (docs/provider.md#unknown-18).
    package static func == (left: Secret, right: Secret) -> Bool {
        left.exposed.utf8.elementsEqual(right.exposed.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        for byte in exposed.utf8 { hasher.combine(byte) }
    }

    /// The value's UTF-8 bytes.
    package var exposedBytes: [UInt8] { Array(exposed.utf8) }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "(secret)" }
    package var debugDescription: String { "(secret)" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
