internal import HTTPTypes
internal import NIOCore

extension ByteBuffer {
    /// The fields without which an answer could be framed, sniffed, cached or named as a referrer
    /// (docs/threats.md#t6, docs/threats.md#t8).
    ///
    /// They are written where every answer passes, so none can be without. A page says itself what it
    /// loads and who may frame it, and other answers how long they may be kept.
    mutating func writeProtection(beside fields: HTTPFields, isSecure: Bool) {
        if !fields.contains(.contentSecurityPolicy) {
            writeStaticString(
                """
                Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r
                X-Frame-Options: DENY\r

                """
            )
        }
        if !fields.contains(.cacheControl) { writeStaticString("Cache-Control: no-store\r\n") }
        writeStaticString(
            """
            X-Content-Type-Options: nosniff\r
            Referrer-Policy: no-referrer\r

            """
        )
        // Whoever was here over TLS comes without it no more, for two years (RFC 6797).
        if isSecure { writeStaticString("Strict-Transport-Security: max-age=63072000\r\n") }
    }
}
