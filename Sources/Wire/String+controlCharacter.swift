extension String {
    /// Whether it has one of the 65 characters that Unicode calls control (class Cc: C0, DEL, C1).
    package var hasControlCharacter: Bool {
        var previous: UInt8 = 0
        for byte in utf8 {
            // U+0080 to U+009F begin with C2.
            if byte < 0x20 || byte == 0x7F || (previous == 0xC2 && byte < 0xA0) { return true }
            previous = byte
        }
        return false
    }
}
