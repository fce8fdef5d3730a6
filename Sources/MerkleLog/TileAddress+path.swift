extension TileAddress {
    /// A path is short: a longer text is not a path.
    private static let pathBytesMax = 64

    /// The path below the log's URL prefix: `/tile/<L>/<N>[.p/<W>]`, `/tile/entries/<N>[.p/<W>]`.
    package var path: String {
        var groups: [String] = []
        var rest = index
        repeat {
            let digits = String(rest % 1000)
            let padded = String(repeating: "0", count: 3 - digits.count) + digits
            groups.append(groups.isEmpty ? padded : "x" + padded)
            rest /= 1000
        } while rest > 0
        let name =
            switch layer {
            case .hashes(let level): String(level)
            case .entries: "entries"
            }
        let suffix = isFull ? "" : ".p/\(width)"
        return "/tile/\(name)/\(groups.reversed().joined(separator: "/"))\(suffix)"
    }

    /// Reads a path; nil for anything that `path` would not have written.
    package init?(path text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.pathBytesMax else { return nil }
        var parts = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count >= 4, parts.removeFirst().isEmpty,
            parts.removeFirst().elementsEqual("tile".utf8)
        else { return nil }
        let name = parts.removeFirst()
        let layer: Layer
        if name.elementsEqual("entries".utf8) {
            layer = .entries
        } else {
            guard let level = LineReader.decimal(name) else { return nil }
            layer = .hashes(level: level)
        }
        var width = Self.fullWidth
        let partial = Array(".p".utf8)
        if parts.count > 1, parts[parts.count - 2].suffix(2).elementsEqual(partial) {
            guard let number = LineReader.decimal(parts.removeLast()), number < Self.fullWidth
            else { return nil }
            width = number
            parts.append(parts.removeLast().dropLast(2))
        }
        guard let index = Self.index(parts) else { return nil }
        self.init(layer, index: index, width: width)
        guard path.utf8.elementsEqual(bytes) else { return nil }
    }

    /// Reads groups of three digits, of which all but the last have a letter in front.
    ///
    /// Which letter, and that no group is too many, shows when the path is written again.
    private static func index(_ groups: [ArraySlice<UInt8>]) -> Int? {
        var index = 0
        for (place, group) in groups.enumerated() {
            let isLast = place == groups.count - 1
            let digits = isLast ? group : group.dropFirst()
            guard digits.count == 3 else { return nil }
            for digit in digits {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
                let (tens, overTens) = index.multipliedReportingOverflow(by: 10)
                let (sum, overSum) = tens.addingReportingOverflow(Int(digit - UInt8(ascii: "0")))
                guard !overTens, !overSum else { return nil }
                index = sum
            }
        }
        return index
    }
}

extension TileAddress: CustomStringConvertible {
    package var description: String { path }
}
