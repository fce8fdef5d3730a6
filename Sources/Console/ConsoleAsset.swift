internal import MerkleLog
internal import Wire

/// A file of the console's own that pages load.
///
/// Its name holds a digest, so that a browser may keep it for ever.
package struct ConsoleAsset: Sendable {
    package let name: String
    package let contentType: String
    package let bytes: [UInt8]

    private static let digestByteCount = 8
    /// Where all of them are.
    package static let folder = "/console/assets/"

    private init(_ name: String, _ ending: String, _ contentType: String, _ bytes: [UInt8]) {
        let digest = Hexadecimal.encode(MerkleHash(leaf: bytes).bytes.prefix(Self.digestByteCount))
        self.name = "\(name)-\(digest).\(ending)"
        self.contentType = contentType
        self.bytes = bytes
    }

    /// Where a page finds it.
    package var path: String { Self.folder + name }

    package static let stylesheet = ConsoleAsset(
        "console",
        "css",
        "text/css; charset=utf-8",
        PackageResources.console_css + PackageResources.views_css
    )
    package static let script = ConsoleAsset(
        "console",
        "js",
        "text/javascript; charset=utf-8",
        oneScript([
            PackageResources.console_js, PackageResources.proof_js, PackageResources.state_js,
            PackageResources.travel_js, PackageResources.verify_js, PackageResources.tail_js,
        ])
    )

    /// Scripts that share their names with each other, and with nothing else; without what only readers of
    /// the sources need.
    static func oneScript(_ parts: [[UInt8]]) -> [UInt8] {
        let lines = parts.joined().split(separator: UInt8(ascii: "\n"))
            .map { $0.drop { $0 == UInt8(ascii: " ") } }
            .filter { !$0.isEmpty && !$0.starts(with: "//".utf8) }
        return Array("(() => {\n'use strict';\n".utf8)
            + lines.joined(separator: [UInt8(ascii: "\n")]) + Array("\n})();\n".utf8)
    }

    /// All of them.
    package static let all = [stylesheet, script]
}
