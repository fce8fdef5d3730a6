/// A private PostgreSQL that accepts connections.
package struct RunningCluster: Sendable {
    /// The role that may do everything.
    package static let superuser = "postgres"

    /// The folder with data and log.
    package let folder: String
    /// The folder with the Unix socket, for `PGHOST`.
    package let socketFolder: String
    /// The number in the socket's name, and the TCP port if there is one, for `PGPORT`.
    package let port: Int

    /// A URI for libpq over the Unix socket, which needs no password.
    package func url(
        database: String = "postgres",
        user: String = RunningCluster.superuser
    ) -> String {
        "postgresql://\(Self.encoded(user))@/\(Self.encoded(database))"
            + "?host=\(Self.encoded(socketFolder))&port=\(port)"
    }

    /// Percent-encodes all but RFC 3986's unreserved characters.
    private static func encoded(_ text: String) -> String {
        let hexadecimal = Array("0123456789ABCDEF")
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                encoded += "%\(hexadecimal[Int(byte >> 4)])\(hexadecimal[Int(byte & 15)])"
            }
        }
        return encoded
    }
}
