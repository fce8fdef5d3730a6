import Ledger

/// Where a service is that a command calls, and the key with which it does.
struct ServiceAddress {
    /// Without a slash at its end.
    let text: String

    /// Longer than any key.
    private static let keyBytesMax = 4_096

    /// - Throws: `CommandError` for what is no origin, and for one at which the key would travel in the
    ///   clear between machines.
    init(_ given: String) throws(CommandError) {
        let origin: WebOrigin
        do {
            origin = try WebOrigin(given)
        } catch {
            throw CommandError("--url is not such as https://ledger.example.com: \(error).")
        }
        let isLocal = origin.text.hasPrefix("http://") && LocalHost.isNamed(origin.host)
        guard origin.text.hasPrefix("https://") || isLocal else {
            throw CommandError(
                "--url begins with https://, or with http:// on this machine: the key would be read on "
                    + "the way."
            )
        }
        text = origin.text
    }

    /// The API key in a file, without the line end that editors put there.
    static func key(inFile path: String) throws(CommandError) -> Secret {
        let bytes = try SecretFile(path, bytesMax: keyBytesMax).bytes
        let text = String(decoding: bytes, as: UTF8.self)
        let key = text.split(whereSeparator: \.isWhitespace)
        guard key.count == 1, let key = key.first,
            key.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw CommandError("The file \(path) holds no API key.") }
        return Secret(String(key))
    }
}
