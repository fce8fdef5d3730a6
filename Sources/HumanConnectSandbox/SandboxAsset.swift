import HTTPTypes
import Hummingbird
import NIOCore

/// A fixed file the sandbox serves.
struct SandboxAsset: Sendable {
    let path: String
    let contentType: String
    let bytes: [UInt8]

    static let all = [
        SandboxAsset(
            path: "/connect.js",
            contentType: script,
            bytes: PackageResources.connect_js
        ),
        SandboxAsset(
            path: "/store.min.js",
            contentType: script,
            bytes: PackageResources.store_min_js
        ),
        SandboxAsset(
            path: "/spinner.gif",
            contentType: "image/gif",
            bytes: PackageResources.spinner_gif
        ),
        SandboxAsset(
            path: "/sandbox/popup.js",
            contentType: script,
            bytes: PackageResources.popup_js
        ),
        SandboxAsset(
            path: "/sandbox/sandbox.css",
            contentType: "text/css; charset=utf-8",
            bytes: PackageResources.sandbox_css
        ),
    ]

    private static let script = "text/javascript; charset=utf-8"

    /// The picture of a button, the same for every colour, as SVG or PNG.
    static func button(file: String) throws(SandboxRefusal) -> SandboxAsset {
        if file.hasSuffix(".png") {
            return SandboxAsset(
                path: file,
                contentType: "image/png",
                bytes: PackageResources.button_png
            )
        }
        guard file.hasSuffix(".svg") else { throw .notFound }
        return SandboxAsset(path: file, contentType: "image/svg+xml", bytes: Array(svg.utf8))
    }

    private static let svg = """
        <svg xmlns="http://www.w3.org/2000/svg" width="220" height="44" role="img" \
        aria-label="Connect Health Data"><rect width="220" height="44" rx="8" fill="#2563eb"/>\
        <text x="110" y="28" text-anchor="middle" fill="#fff" font-size="15" font-weight="700" \
        font-family="system-ui,sans-serif">Connect Health Data</text></svg>
        """

    var response: Response {
        Response(
            status: .ok,
            headers: [.contentType: contentType, .cacheControl: "no-cache"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }
}
