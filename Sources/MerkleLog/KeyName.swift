/// The rule for the names of keys (C2SP `signed-note`).
enum KeyName {
    /// A name is like a URL without its scheme; a note with a longer one is not meant for us.
    static let bytesMax = 255

    static func isValid(_ name: String) -> Bool {
        (1...bytesMax).contains(name.utf8.count)
            && name.unicodeScalars.allSatisfy {
                $0 != "+" && $0.value >= 0x20 && !$0.properties.isWhitespace
            }
    }
}
