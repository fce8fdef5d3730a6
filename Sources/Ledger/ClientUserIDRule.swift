internal import Wire

/// Which texts are an app's own id of a user (docs/provider.md#unknown-18).
package enum ClientUserIDRule {
    /// How many characters one has at most.
    package static let charactersMax = 512

    /// Accepts 1 to 512 characters without control characters, and without a part between slashes
    /// that is `.` or `..`.
    package static func accepts(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 4 * charactersMax
            // A character has at least one byte.
            && (text.utf8.count <= charactersMax || text.count <= charactersMax)
            && !hasStep(text)
            && !text.hasControlCharacter
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
