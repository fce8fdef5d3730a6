/// What names a version of an answer (RFC 9110, 8.8.3).
enum EntityTag {
    /// A strong tag: it names the bytes.
    static func strong(_ bytes: [UInt8]) -> String {
        // FNV-1a: nothing rests on it but whether the bytes are other ones after an update.
        let hash = bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01B3
        }
        return "\"\(bytes.count)-\(String(hash, radix: 16))\""
    }

    /// `If-None-Match` compares weakly (RFC 9110, 13.1.2).
    static func matches(_ header: String, _ tag: String) -> Bool {
        header.split(separator: ",").contains { candidate in
            var candidate = candidate.drop { $0 == " " }
            while candidate.last == " " { candidate.removeLast() }
            if candidate.hasPrefix("W/") { candidate = candidate.dropFirst(2) }
            return candidate == "*" || candidate == tag
        }
    }
}
