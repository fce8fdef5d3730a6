internal import Wire

/// Finds thousands of secrets in megabytes of text at once (Rabin and Karp's algorithm).
///
/// Each secret is known by the hash of its beginning. That hash rolls over the text, so each byte
/// costs the same however many secrets there are, and it does not matter what a secret stands next
/// to.
struct SecretSearch: Sendable {
    /// What is looked for, by the hash of its first `window` bytes.
    private var needles: [UInt64: [[UInt8]]] = [:]
    /// Most hashes are those of nothing, which a bit can tell faster than a dictionary.
    private var isKnown = [Bool](repeating: false, count: 1 << 16)
    /// The length of the shortest needle; 0 when there is none.
    private let window: Int
    /// What the oldest byte of a window counts for.
    private let weight: UInt64

    private static let base: UInt64 = 0x9E37_79B9_7F4A_7C15

    init(_ secrets: Set<String>) {
        let all = Self.needles(of: secrets)
        window = all.map(\.count).min() ?? 0
        weight = (0..<max(window - 1, 0)).reduce(1) { power, _ in power &* Self.base }
        for needle in all {
            let hash = needle.prefix(window).reduce(0) { $0 &* Self.base &+ UInt64($1) }
            needles[hash, default: []].append(needle)
            isKnown[Int(hash >> 48)] = true
        }
    }

    /// What gives these secrets away.
    static func needles(of secrets: Set<String>) -> Set<[UInt8]> {
        Set(secrets.map(needle)).subtracting([[]])
    }

    /// What gives a secret away: its longest run of characters that no encoding changes.
    ///
    /// A `=` may stand as `%3D`. Where the run is so short that it may be somebody else's, it is
    /// the whole secret.
    private static func needle(_ secret: String) -> [UInt8] {
        let runs = Array(secret.utf8).split { !isUnreserved($0) }
        guard let longest = runs.max(by: { $0.count < $1.count }), longest.count >= runBytesMin
        else { return Array(secret.utf8) }
        return Array(longest)
    }

    private static let runBytesMin = 24

    /// RFC 3986, section 2.3.
    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "_"), UInt8(ascii: "~"):
            true
        default: false
        }
    }

    /// Where secrets begin in a text.
    func offsets(in text: [UInt8]) -> [Int] {
        guard window > 0, text.count >= window else { return [] }
        var found: [Int] = []
        var hash: UInt64 = 0
        for index in text.indices {
            if index >= window { hash &-= weight &* UInt64(text[index - window]) }
            hash = hash &* Self.base &+ UInt64(text[index])
            let start = index - window + 1
            guard isKnown[Int(hash >> 48)], start >= 0, let candidates = needles[hash],
                candidates.contains(where: { text[start...].starts(with: $0) })
            else { continue }
            found.append(start)
        }
        return found
    }

    /// Whether a secret stands in any text of a record, be it a name or a value.
    func finds(in value: JSONValue) -> Bool {
        switch value {
        case .null, .bool: false
        case .number(let text), .string(let text): finds(in: text)
        case .array(let elements): elements.contains(where: finds)
        case .object(let members): members.contains { finds(in: $0.name) || finds(in: $0.value) }
        }
    }

    private func finds(in text: String) -> Bool {
        text.utf8.count >= window && !offsets(in: Array(text.utf8)).isEmpty
    }
}
