/// A text that equals another one when their bytes do.
///
/// Swift takes texts for equal that Unicode calls canonically equivalent, and two such
/// `clientUserId`s are two users (docs/provider.md#unknown-18).
struct ExactText: Sendable, Hashable {
    private let bytes: [UInt8]

    init(_ text: String) {
        bytes = Array(text.utf8)
    }
}
