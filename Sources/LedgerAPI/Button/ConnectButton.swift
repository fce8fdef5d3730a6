internal import HTTPTypes
internal import Hummingbird
internal import Ledger
internal import NIOCore

/// A file that pages of other origins load: the button's script, or its types.
struct ConnectButton: Sendable {
    private let bytes: [UInt8]
    private let contentType: String
    private let tag: String

    /// Where the script is.
    static let path = "/v1/connect-button.js"
    /// The script, without what only its readers need.
    static let script = ConnectButton(
        stripped(PackageResources.connect_button_js),
        "text/javascript; charset=utf-8"
    )
    /// The types of the script, for TypeScript.
    static let types = ConnectButton(
        PackageResources.connect_button_d_ts,
        "text/plain; charset=utf-8"
    )

    private init(_ bytes: [UInt8], _ contentType: String) {
        self.bytes = bytes
        self.contentType = contentType
        tag = EntityTag.strong(bytes)
    }

    /// The same lines without indentation, without those that are empty or a comment alone.
    private static func stripped(_ script: [UInt8]) -> [UInt8] {
        let lines = script.split(separator: UInt8(ascii: "\n"))
            .map { $0.drop { $0 == UInt8(ascii: " ") } }
            .filter { !$0.isEmpty && !$0.starts(with: "//".utf8) }
        return Array(lines.joined(separator: [UInt8(ascii: "\n")]))
    }

    /// The answer, or that what the caller has is the same.
    ///
    /// Any page may load it, and asks again once an hour: a mended script reaches all.
    func response(to request: Request) -> Response {
        var headers: HTTPFields = [
            .eTag: tag, .cacheControl: "public, max-age=3600", .accessControlAllowOrigin: "*",
            .crossOriginResourcePolicy: "cross-origin",
        ]
        if let known = request.headers[.ifNoneMatch], EntityTag.matches(known, tag) {
            return Response(status: .notModified, headers: headers)
        }
        headers[.contentType] = contentType
        return Response(
            status: .ok,
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }
}

extension HTTPField.Name {
    /// Fetch, section 3.7.
    fileprivate static let crossOriginResourcePolicy: HTTPField.Name = {
        guard let name = HTTPField.Name("Cross-Origin-Resource-Policy") else {
            preconditionFailure("It is a name.")
        }
        return name
    }()
}
