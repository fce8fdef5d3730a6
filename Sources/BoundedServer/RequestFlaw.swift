/// Why bytes are no HTTP/1.1 request (RFC 9112), as whoever sent them is told.
///
/// A server that guesses what was meant may guess otherwise than the proxy before it, and then
/// one of the two takes the end of a body for the next request (docs/threats.md#t13).
enum RequestFlaw: String, Error {
    case line = "A line holds a control character, or does not end with CR and LF."
    case requestLine = "The first line must be method, target and version, one space between."
    case method = "The method is not one that can be answered here."
    case target = "The target is not a path of RFC 3986, and no http or https address."
    case version = "The version must be HTTP/1.1 or HTTP/1.0."
    case field = "A header field must be a name, a colon and a value, on one line."
    case host = "There must be one Host, and it must be a host with or without a port."
    case length = "There may be one Content-Length, a number, and none with Transfer-Encoding."
    case coding = "The one transfer coding that can be used is chunked, in HTTP/1.1, once."
    case chunk = "A chunk of the body is not framed as it must be."
    case tooLarge = "The header fields are too many, or too long."
    case end = "The connection ended within the request."
}
