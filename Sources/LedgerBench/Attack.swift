internal import Ledger
internal import NIOCore
internal import Vault

/// What hostile callers do to a service, all of them the same.
struct Attack: Sendable {
    /// What each of their connections does.
    enum Conduct: Sendable {
        /// Sends a request, waits for the answer, sends the next.
        case asks([ByteBuffer])
        /// Sends a beginning at once, then a piece a second.
        case trickles(from: ByteBuffer, piece: ByteBuffer)
        /// Sends requests and reads nothing.
        case readsNothing(after: ByteBuffer)
        /// Sends a beginning, then as much as is taken.
        case pours(from: ByteBuffer, piece: ByteBuffer)
    }

    let name: String
    /// How many connections they hold; whoever loses one makes another.
    let connections: Int
    let conduct: Conduct
    /// From how many addresses they come.
    var addresses = 20
    /// By how many bytes the service may grow.
    var growthMax = 64 * bytesPerMegabyte

    static let bytesPerMegabyte = 1_048_576
    /// By how much floods may let the service grow (docs/threats.md#g28).
    private static let floodGrowthMax = 32 * bytesPerMegabyte
    /// How many keys are made up; each is shown again when all were.
    private static let invented = 20_000

    /// Everything that is tried, one after the other; `bytes` makes a request with the caller's own key.
    static func all(
        host: String,
        withKey bytes: (_ path: String, _ body: String?) -> ByteBuffer
    ) -> [Attack] {
        strangers(host) + slow(bytes) + floods(host, bytes)
    }

    /// Those who show no key that is valid ask as fast as they are answered.
    private static func strangers(_ host: String) -> [Attack] {
        let tree = ["/tile/entries/000", "/checkpoint", "/tile/0/000", "/readyz"].map {
            get($0, host)
        }
        // Only the database knows that there is no such key.
        let keys = (0..<invented).map { _ in
            let key = APIKey(isTest: false).secret.exposed
            return get("/v1/users/alice/tokens", host, "Authorization: Bearer \(key)\r\n")
        }
        return [
            Attack(
                name: "600 strangers of one address read the tree",
                connections: 600,
                conduct: .asks(tree),
                addresses: 1
            ),
            Attack(
                name: "600 strangers of 20 addresses",
                connections: 600,
                conduct: .asks(tree)
            ),
            Attack(
                name: "600 with invented keys, of one address",
                connections: 600,
                conduct: .asks(keys),
                addresses: 1
            ),
        ]
    }

    /// Those who let the service wait, for what they send or for what they read.
    private static func slow(
        _ bytes: (_ path: String, _ body: String?) -> ByteBuffer
    ) -> [Attack] {
        let piece = ByteBuffer(string: "a")
        // With a key: without one it would be refused before its body.
        var slowLaunch = bytes("/v1/launches", String(repeating: "a", count: 60_000))
        slowLaunch.moveWriterIndex(to: slowLaunch.writerIndex - 60_000)
        var tiles = ByteBuffer()
        for _ in 0..<60 { tiles.writeImmutableBuffer(bytes("/tile/entries/000", nil)) }
        return [
            Attack(
                name: "1,000 heads, a byte a second",
                connections: 1_000,
                conduct: .trickles(from: ByteBuffer(string: "GET /x"), piece: piece)
            ),
            Attack(
                name: "1,000 bodies, a byte a second",
                connections: 1_000,
                conduct: .trickles(from: slowLaunch, piece: piece)
            ),
            Attack(
                name: "1,000 × 60 tiles, none read",
                connections: 1_000,
                conduct: .readsNothing(after: tiles)
            ),
            Attack(
                name: "150 exports, none read",
                connections: 150,
                conduct: .readsNothing(after: bytes("/v1/export", nil))
            ),
            Attack(
                name: "150 with a key read lists",
                connections: 150,
                conduct: .asks([bytes("/v1/events?limit=500", nil)])
            ),
        ]
    }

    /// Those who send more than anybody may, with a key: without one nothing of a body is read.
    private static func floods(
        _ host: String,
        _ bytes: (_ path: String, _ body: String?) -> ByteBuffer
    ) -> [Attack] {
        let fields = ByteBuffer(string: String(repeating: "A: b\r\n", count: 10_000))
        let chunk = "10000\r\n" + String(repeating: "a", count: 65_536) + "\r\n"
        let launch = String(buffer: bytes("/v1/launches", ""))
        let deep = bytes("/v1/launches", String(repeating: "[", count: 60_000))
        let floods: [(String, Conduct)] = [
            (
                "100 endless heads",
                .pours(from: ByteBuffer(string: "GET /x HTTP/1.1\r\nHost: a\r\n"), piece: fields)
            ),
            (
                "100 bodies of 1 GB",
                .pours(
                    from: length("Content-Length: 1000000000", in: launch),
                    piece: ByteBuffer(string: String(repeating: "a", count: 65_536))
                )
            ),
            (
                "100 endless bodies",
                .pours(
                    from: length("Transfer-Encoding: chunked", in: launch),
                    piece: ByteBuffer(string: chunk)
                )
            ),
            ("100 with bodies of deep JSON", .asks([deep])),
        ]
        return floods.map { name, conduct in
            Attack(name: name, connections: 100, conduct: conduct, growthMax: floodGrowthMax)
        }
    }

    /// The same request with another length of its body, which follows.
    private static func length(_ field: String, in request: String) -> ByteBuffer {
        ByteBuffer(string: request.replacing("Content-Length: 0", with: field))
    }

    private static func get(_ path: String, _ host: String, _ fields: String = "") -> ByteBuffer {
        ByteBuffer(string: "GET \(path) HTTP/1.1\r\nHost: \(host)\r\n\(fields)\r\n")
    }
}
