/// What a caller says about content codings (RFC 9110, section 12.5.3).
struct AcceptEncoding {
    private var weights: [String: Int] = [:]

    /// Reads the header's value; a malformed entry is passed over.
    init(_ header: String) {
        for entry in header.split(separator: ",") {
            let parts = entry.split(separator: ";", omittingEmptySubsequences: false)
                .map { Self.trimmed($0).lowercased() }
            guard let coding = parts.first, !coding.isEmpty, parts.count <= 2,
                let weight = parts.count == 2 ? Self.weight(parts[1]) : 1_000
            else { continue }
            weights[coding == "x-gzip" ? "gzip" : coding] = weight
        }
    }

    /// Whether the answer should be compressed: gzip is acceptable, and not less than plain bytes.
    var prefersGzip: Bool {
        let gzip = weights["gzip"] ?? weights["*"] ?? 0
        return gzip > 0 && gzip >= weights["identity"] ?? 0
    }

    /// Thousandths of a `q=0.5`; nil for anything else.
    private static func weight(_ parameter: String) -> Int? {
        let sides = parameter.split(separator: "=", omittingEmptySubsequences: false)
        guard sides.count == 2, trimmed(sides[0]) == "q" else { return nil }
        let digits = trimmed(sides[1]).split(separator: ".", omittingEmptySubsequences: false)
        guard digits.count <= 2, digits[0] == "0" || digits[0] == "1" else { return nil }
        var thousandths = digits[0] == "1" ? 1_000 : 0
        var place = 100
        for digit in digits.count == 2 ? digits[1].utf8 : "".utf8[...] {
            guard (0x30...0x39).contains(digit), place > 0 else { return nil }
            thousandths += Int(digit - 0x30) * place
            place /= 10
        }
        return thousandths <= 1_000 ? thousandths : nil
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        let isSpace = { (character: Character) in character == " " || character == "\t" }
        var rest = text.drop(while: isSpace)
        while let last = rest.last, isSpace(last) { rest = rest.dropLast() }
        return String(rest)
    }
}
