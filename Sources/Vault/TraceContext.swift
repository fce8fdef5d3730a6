/// A `traceparent` of W3C Trace Context, version 00.
struct TraceContext {
    let traceID: String
    let parentID: String
    let isSampled: Bool

    /// Reads the header's value; nil for anything that is not of this version and form.
    init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 4, parts.map(\.utf8.count) == [2, 32, 16, 2], parts[0] == "00",
            parts.joined().utf8.allSatisfy({
                (0x30...0x39).contains($0) || (0x61...0x66).contains($0)
            }),
            [parts[1], parts[2]].allSatisfy({ $0.contains { $0 != "0" } }),
            let flags = UInt8(parts[3], radix: 16)
        else { return nil }
        traceID = String(parts[1])
        parentID = String(parts[2])
        isSampled = flags & 1 == 1
    }
}
