package import Wire

extension JSONWriter {
    /// Writes an identifier member.
    package mutating func member(_ name: StaticString, _ value: Identifier) {
        key(name)
        quoted { value.append(to: &$0) }
    }

    /// Writes a fingerprint member.
    package mutating func member(_ name: StaticString, _ value: Fingerprint) {
        key(name)
        quoted { value.append(to: &$0) }
    }

    /// Writes a time member.
    package mutating func member(_ name: StaticString, _ value: Timestamp) {
        key(name)
        quoted { value.append(to: &$0) }
    }

    /// Writes positions: the first one, and the first that is not among them any more.
    package mutating func members(_ positions: Range<Int64>) {
        member("from", positions.lowerBound)
        member("until", positions.upperBound)
    }
}
