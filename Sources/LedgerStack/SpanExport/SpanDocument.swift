package import Traces
internal import Wire

/// Spans as OTLP over HTTP has them in JSON: an `ExportTraceServiceRequest` in protobuf's mapping, with
/// ids in hexadecimal digits, kinds as numbers and 64-bit numbers as texts.
package enum SpanDocument {
    /// By what spans are made, and the version of the conventions that their names are from.
    private static let scope = "token-ledger"
    private static let schema = "https://opentelemetry.io/schemas/1.37.0"
    /// `SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK`, and beside it whether the parent is.
    private static let remoteKnown: Int64 = 0x100
    private static let remote: Int64 = 0x200
    private static let sampled: Int64 = 1
    /// `STATUS_CODE_ERROR`.
    private static let failed: Int64 = 2

    /// The body of one request.
    package static func encode(
        _ spans: [Span],
        of resource: [(name: String, value: String)]
    ) -> [UInt8] {
        var writer = JSONWriter()
        writer.open()
        writer.key("resourceSpans")
        writer.openArray()
        writer.open()
        writer.key("resource")
        writer.open()
        writer.key("attributes")
        writer.openArray()
        for (name, value) in resource { write(name, .text(value), to: &writer) }
        writer.closeArray()
        writer.close()
        writer.key("scopeSpans")
        writer.openArray()
        writer.open()
        writer.key("scope")
        writer.open()
        writer.member("name", scope)
        writer.close()
        writer.key("spans")
        writer.openArray()
        for span in spans { write(span, to: &writer) }
        writer.closeArray()
        writer.member("schemaUrl", schema)
        writer.close()
        writer.closeArray()
        writer.close()
        writer.closeArray()
        writer.close()
        return writer.bytes
    }

    private static func write(_ span: Span, to writer: inout JSONWriter) {
        writer.element()
        writer.open()
        writer.member("traceId", span.trace.text)
        writer.member("spanId", span.id.text)
        if let parent = span.parent { writer.member("parentSpanId", parent.text) }
        writer.member("flags", sampled | remoteKnown | (span.hasRemoteParent ? remote : 0))
        writer.member("name", span.name)
        writer.member("kind", span.kind.rawValue)
        writer.member("startTimeUnixNano", String(span.begin))
        writer.member("endTimeUnixNano", String(span.end))
        writer.key("attributes")
        writer.openArray()
        for attribute in span.attributes { write(attribute.name, attribute.value, to: &writer) }
        writer.closeArray()
        if span.hasFailed {
            writer.key("status")
            writer.open()
            writer.member("code", failed)
            writer.close()
        }
        writer.close()
    }

    private static func write(
        _ name: String,
        _ value: Span.Attribute.Value,
        to writer: inout JSONWriter
    ) {
        writer.element()
        writer.open()
        writer.member("key", name)
        writer.key("value")
        writer.open()
        switch value {
        case .text(let text): writer.member("stringValue", text)
        case .number(let number): writer.member("intValue", String(number))
        }
        writer.close()
        writer.close()
    }
}
