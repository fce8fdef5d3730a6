import SeededRandom

/// Requests that must be refused, made family by family.
struct MalformedRequests {
    static let seed: UInt64 = 20_261_128
    static let host = "Host: a"

    /// What a proxy may take for the next request; it must never be answered.
    static let smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

    /// All of them, with a name each.
    static var all: [(name: String, bytes: [UInt8])] {
        var all: [(String, [UInt8])] = []
        let families: [(String, [[UInt8]])] = [
            ("control", controls), ("line end", lineEnds), ("spaces", spaces.map(bytes)),
            ("version", versions), ("method", methods), ("target", targets),
            ("field", fields), ("host", hosts), ("length", lengths), ("coding", codings),
            ("chunk", chunks), ("trailer", trailers), ("size", sizes), ("start", starts),
        ]
        for (family, members) in families {
            for (number, member) in members.enumerated() {
                all.append(("\(family) \(number)", member))
            }
        }
        return all
    }

    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    private static func get(_ fields: [String]) -> [UInt8] {
        bytes("GET /x HTTP/1.1\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n")
    }

    private static func post(_ fields: [String], _ body: String) -> [UInt8] {
        bytes(
            "POST /echo HTTP/1.1\r\nHost: a\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n"
                + body
        )
    }

    /// Every control character in every part of a head.
    private static var controls: [[UInt8]] {
        let all = (UInt8(0)...31).filter { ![0x09, 0x0D, 0x0A].contains($0) } + [0x7F]
        let places = ["G~T /x HTTP/1.1", "GET /~ HTTP/1.1", "GET /x HTTP/~1.1"]
        return all.flatMap { byte in
            places.map { ($0, host, "A: b") }.appending(
                ("GET /x HTTP/1.1", "Host: a~b", "A: b"),
                ("GET /x HTTP/1.1", host, "A~: b"),
                ("GET /x HTTP/1.1", host, "A: b~c")
            ).map { line, host, field in
                bytes("\(line)\r\n\(host)\r\n\(field)\r\n\r\n").map { $0 == 0x7E ? byte : $0 }
            }
        }
    }

    /// A bare LF, a bare CR, or two CR, in place of each line end.
    private static var lineEnds: [[UInt8]] {
        let plain = ["GET /x HTTP/1.1", "Host: a", "A: b", ""]
        let chunked = [
            "POST /echo HTTP/1.1", "Host: a", "Transfer-Encoding: chunked", "", "3;a=b", "abc",
            "0", "A: b", "",
        ]
        return [plain, chunked].flatMap { lines in
            lines.indices.flatMap { index in
                ["\n", "\r", "\r\r\n", "\n\r", "\n\n"].compactMap { end in
                    // Two line ends after the last field are the end of the head and more.
                    let text = lines.enumerated().map { number, line in
                        line + (number == index ? end : "\r\n")
                    }
                    return bytes(text.joined())
                }
            }
        }
    }

    private static var spaces: [String] {
        [
            "GET  /x HTTP/1.1", "GET /x  HTTP/1.1", " GET /x HTTP/1.1", "GET /x HTTP/1.1 ",
            "GET\t/x HTTP/1.1", "GET /x\tHTTP/1.1", "GET /x HTTP/1.1\t", "GET /x", "GET", "/x",
            "GET /x y HTTP/1.1", "GET HTTP/1.1", "/x HTTP/1.1", "GET /x HTTP/1.1 HTTP/1.1",
            "GET /x /y HTTP/1.1", "GET /x HTTP/ 1.1", "GET /x HTTP /1.1", "\tGET /x HTTP/1.1",
        ].map { $0 + "\r\nHost: a\r\n\r\n" }
    }

    private static var versions: [[UInt8]] {
        [
            "HTTP/1.2", "HTTP/2.0", "HTTP/0.9", "HTTP/3", "http/1.1", "Http/1.1", "HTTP/01.1",
            "HTTP/1.01", "HTTP/1,1", "HTTP/1.", "HTTP/.1", "HTTP/1", "HTTP/11", "HTTP/1.10",
            "HTTP/1.1x", "xHTTP/1.1", "RTSP/1.0", "ICE/1.0", "SIP/2.0", "HTTPS/1.1", "HTTP-1.1",
            "HTTP/1.1;", "HTTP/-1.1", "HTTP/1.1/", "HTTP/１.１",
        ].map { bytes("GET /x \($0)\r\nHost: a\r\n\r\n") }
    }

    private static var methods: [[UInt8]] {
        let marks = Array("()<>@,;:\\\"/[]?={}").map { "G\($0)T" }
        return (marks + ["GÉT", "CONNECT", "", "G\u{A0}T"]).map { method in
            bytes("\(method) /x HTTP/1.1\r\nHost: a\r\n\r\n")
        } + [bytes("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n")]
    }

    private static var targets: [[UInt8]] {
        let marks = Array("\"#<>\\^`{|}[]é")
        let wrong =
            marks.map { "/a\($0)b" } + marks.map { "/a?b=\($0)" } + [
                "x", "x/y", "*", "?a", "ftp://a/", "http:/x", "http:///x", "http://", "http://a b/",
                "http://user@a/", "http://a:b/", "http://[::1/", "http://[]/", "http://a:999999/",
                "https//a/", "://a/", "httpx://a/", "a:80", "//a b", "http://a/#x",
                "http://\u{E9}/",
            ]
        return wrong.map { bytes("GET \($0) HTTP/1.1\r\nHost: a\r\n\r\n") }
    }

    private static var fields: [[UInt8]] {
        let marks = Array("()<>@,;\\\"/[]?={} \té")
        return marks.map { get([host, "A\($0)B: c"]) } + marks.map { get([host, "A\($0): c"]) }
            + [
                [host, ": c"], [host, "A"], [host, "A c"], [host, " A: b"], [host, "\tA: b"],
                [" \(host)"], ["\t\(host)"], [host, "A: b", " c"], [host, "A: b", "\tc"],
                [host, "A: b", " "], [host, "A:", " b"], [host, "A: b", " C: d"],
                ["Host: a", " b"], [host, "Content-Length : 0"],
                [host, "Transfer-Encoding : chunked"],
                [" A: b", host], ["Host : a"], ["Host\t: a"],
            ].map(get)
    }

    private static var hosts: [[UInt8]] {
        let wrong = [
            "", "a b", "a/b", "a@b", "a:b", "a:1:2", "a:999999", "[::1", "::1", "a#b", "a?b",
            "a\"b",
            "<a>", "a\\b", "a^b", "a`b", "a{b}", "a|b", "[a", "[]", "[g::1]", "[::1]x", "[::1]:x",
            "é", "a\tb", ":80", "a:-1", "a:+1", "http://a", "%zz", "a%", "a%4", "%4ga", "a:65536",
        ]
        return wrong.map { get(["Host: \($0)"]) }
            + [
                [], ["A: b"], [host, host], [host, "host: b"], ["Host: a", "A: b", "HOST: a"],
                ["Host: a", "Host:"], ["Hosts: a"], ["X-Host: a"],
            ].map(get) + [bytes("GET http://a/ HTTP/1.1\r\n\r\n")]
    }

    private static var lengths: [[UInt8]] {
        let wrong = [
            "", "+3", "-3", "-0", "0x3", "3 3", "3,3", "3, 3", "3.0", "3e0", "abc", "3;", "3a",
            "a3",
            "９", "9999999999999999999", "18446744073709551619", "0000000000000000003", "\"3\"",
            "3\t3",
        ]
        let pairs = [
            ["Content-Length: 3", "Content-Length: 3"], ["Content-Length: 3", "content-length: 4"],
            ["Content-Length: 3", "Transfer-Encoding: chunked"],
            ["Transfer-Encoding: chunked", "Content-Length: 3"],
            ["Content-Length: 0", "Transfer-Encoding: chunked"],
            ["Transfer-Encoding: chunked", "A: b", "CONTENT-LENGTH: 5"],
            ["Content-Length: 3", "A: b", "Content-Length: "],
        ]
        return wrong.map { post(["Content-Length: \($0)"], "abc") }
            + pairs.map { post($0, "0\r\n\r\n") }
            + [get([host, "Content-Length: 3", "Content-Length: 3"])]
    }

    private static var codings: [[UInt8]] {
        let wrong = [
            "", "x", "gzip", "identity", "x, chunked", "chunked, x", "gzip, chunked",
            "chunked, chunked", "chunked, identity", "identity, chunked", "chunked;q=1", "chunked,",
            ",chunked", "chunked chunked", "\"chunked\"", "xchunked", "chunkedx", "chunke",
            "chunked\tx", "chunked;a=b", "deflate", "trailers", "chunkéd", "ｃhunked",
            "chun\u{212A}ed",
        ]
        let body = "3\r\nabc\r\n0\r\n\r\n"
        return wrong.map { post(["Transfer-Encoding: \($0)"], body) }
            + [
                post(["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], body),
                post(["Transfer-Encoding: chunked", "transfer-encoding: identity"], body),
                post(["Transfer-Encoding: x", "Transfer-Encoding: chunked"], body),
                bytes(
                    "POST /echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body
                ),
            ]
    }

    private static func chunked(_ body: String) -> [UInt8] {
        post(["Transfer-Encoding: chunked"], body)
    }

    private static var chunks: [[UInt8]] {
        let wrong = [
            "", "g", "-3", "+3", "0x3", " 3", "3 ", "\t3", "3\t", "3 ;a", "3;", "3;;", "3; a",
            "3;a=",
            "3;=b", "3;a=\"", "3;a=\"b", "3;a=\"b\"c", "3;a b", "3;a=b c", "3,3", "3.", "3h",
            "0000000000000003", "FFFFFFFFFFFFFFFF", "10000000000000003", "3;a=\"\\", "３", "3;é",
            "3;" + String(repeating: "a", count: 70_000),
            "3;a=" + String(repeating: "b", count: 17_000),
        ].map { chunked("\($0)\r\nabc\r\n0\r\n\r\n") }
        let framed = [
            "2\r\nabc\r\n0\r\n\r\n", "4\r\nabc\r\n0\r\n\r\n", "3\r\nabc0\r\n\r\n",
            "3\r\nabc\n0\r\n\r\n", "3\r\nabc\r0\r\n\r\n", "3\r\nabc\r\n\r\n0\r\n\r\n",
            "3\r\nabc\r\nx\r\n\r\n", "3\r\nabcd\r\n0\r\n\r\n", "3\nabc\r\n0\r\n\r\n",
            "3\r\nabc \r\n0\r\n\r\n", "\r\n3\r\nabc\r\n0\r\n\r\n", "3\rabc\r\n0\r\n\r\n",
        ].map(chunked)
        // Many small extensions are as long as one.
        let many = String(repeating: "1;aaaaaaaaaaaaaaaaaaaa\r\nb\r\n", count: 1_000)
        return wrong + framed + [chunked(many + "0\r\n\r\n")]
    }

    private static var trailers: [[UInt8]] {
        let many = String(repeating: "A: b\r\n", count: 65)
        let long = "A: " + String(repeating: "b", count: 17_000) + "\r\n"
        return [
            "A\r\n", "A b\r\n", " A: b\r\n", ": b\r\n", "A : b\r\n", "A: b\r\n c\r\n", "A: b\n",
            "A: \u{0}\r\n", "A\u{7F}: b\r\n", "(: b\r\n", many, long, "GET / HTTP/1.1\r\n",
        ].map { chunked("3\r\nabc\r\n0\r\n\($0)\r\n") }
    }

    private static var sizes: [[UInt8]] {
        let long = String(repeating: "a", count: 17_000)
        let half = String(repeating: "a", count: 9_000)
        return [
            get([host, "A: \(long)"]), get([host, "\(long): b"]),
            get([host] + Array(repeating: "A: b", count: 64)),
            get([host, "A: \(half)", "B: \(half)"]), get(["Host: \(long)"]),
            bytes("GET /\(long) HTTP/1.1\r\nHost: a\r\n\r\n"),
            bytes("\(long) / HTTP/1.1\r\nHost: a\r\n\r\n"),
            bytes("GET /\(half) HTTP/1.1\r\nHost: a\r\nA: \(half)\r\n\r\n"),
            bytes(long),
        ]
    }

    /// What is no request from its first bytes on.
    private static var starts: [[UInt8]] {
        var random = SeededRandom(seed: seed)
        let noise = (0..<40).map { _ in
            (0..<Int.random(in: 8...80, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
        }
        let good = String(decoding: get([host]), as: UTF8.self)
        return noise
            + [
                "\r", "\n", "\r\r\n", "\r\n\r\n", "\n\r\n", " ", "\t", " \r\n", "\u{0}", "\u{FEFF}",
                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "EHLO a\r\n",
                "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n", "*1\r\n$4\r\nPING\r\n", "{}\r\n",
            ].map { bytes($0 + good) }
            + [[0x16, 0x03, 0x01, 0x00, 0xA5, 0x01, 0x00], [0x80, 0x2E, 0x01, 0x00, 0x02]]
    }
}

extension Array {
    fileprivate func appending(_ more: Element...) -> [Element] { self + more }
}
