internal import Wire

/// The id of a trace: 16 bytes, not all zero (W3C Trace Context, section 3.2.2.3).
package struct TraceID: Sendable, Hashable {
    let high: UInt64
    let low: UInt64

    /// A new one of random bits.
    static func random() -> TraceID {
        TraceID(high: .random(in: .min ... .max), low: .random(in: 1 ... .max))
    }

    /// 32 lowercase hexadecimal digits.
    package var text: String { SpanID.hexadecimal(high) + SpanID.hexadecimal(low) }
}

/// The id of a span: 8 bytes, not all zero (W3C Trace Context, section 3.2.2.4).
package struct SpanID: Sendable, Hashable {
    let bits: UInt64

    /// A new one of random bits.
    static func random() -> SpanID { SpanID(bits: .random(in: 1 ... .max)) }

    /// 16 lowercase hexadecimal digits.
    package var text: String { Self.hexadecimal(bits) }

    fileprivate static func hexadecimal(_ bits: UInt64) -> String {
        Hexadecimal.encode((0..<8).map { UInt8(truncatingIfNeeded: bits >> (56 - 8 * $0)) })
    }
}

/// Where in a trace somebody is: a `traceparent` of W3C Trace Context, version 00.
package struct TraceContext: Sendable, Equatable {
    package let trace: TraceID
    package let span: SpanID
    /// Whether the caller records the trace.
    package let isSampled: Bool

    init(trace: TraceID, span: SpanID, isSampled: Bool) {
        self.trace = trace
        self.span = span
        self.isSampled = isSampled
    }

    /// Reads the header's value; nil for anything that is not of this version and form.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 4, parts.map(\.utf8.count) == [2, 32, 16, 2], parts[0] == "00",
            let high = Self.bits(parts[1].prefix(16)), let low = Self.bits(parts[1].suffix(16)),
            let span = Self.bits(parts[2]), let flags = Self.bits(parts[3]),
            high != 0 || low != 0, span != 0
        else { return nil }
        self.init(
            trace: TraceID(high: high, low: low),
            span: SpanID(bits: span),
            isSampled: flags & 1 == 1
        )
    }

    /// The header's value, with "sampled" alone of the flags.
    package var header: String { "00-\(trace.text)-\(span.text)-\(isSampled ? "01" : "00")" }

    /// Reads lowercase digits, as the header must have them.
    private static func bits(_ text: Substring) -> UInt64? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { return nil }
        return UInt64(text, radix: 16)
    }
}
