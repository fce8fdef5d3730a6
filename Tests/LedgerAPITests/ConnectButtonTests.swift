import NIOHTTP1
import TestSupport
import Testing

@Suite("the button's files", .timeLimit(.minutes(5)))
struct ConnectButtonTests {
    private static let paths = ["/v1/connect-button.js", "/v1/connect-button.d.ts"]

    @Test("any page may load them, a browser keeps them, and asks whether they have changed")
    func caching() async throws {
        try await TestService.run { service in
            for path in Self.paths {
                let first = try await service.call(.GET, path, key: nil)
                #expect(first.status == 200)
                #expect(first.headers["access-control-allow-origin"] == "*")
                #expect(first.headers["cross-origin-resource-policy"] == "cross-origin")
                #expect(first.headers["x-content-type-options"] == "nosniff")
                #expect(first.headers["cache-control"] == "public, max-age=3600")
                let tag = try #require(first.headers["etag"])
                for known in [tag, "W/\(tag)", "\"other\", \(tag)", "*"] {
                    let again = try await service.call(
                        .GET,
                        path,
                        key: nil,
                        headers: ["If-None-Match": known]
                    )
                    #expect(again.status == 304, "\(known)")
                    #expect(again.text.isEmpty)
                    #expect(again.headers["etag"] == tag)
                }
                let other = try await service.call(
                    .GET,
                    path,
                    key: nil,
                    headers: ["If-None-Match": "\"other\""]
                )
                #expect(other.status == 200)
                #expect(other.text == first.text)
            }
        }
    }

    @Test("the script is small, and does nothing that a strict policy forbids")
    func script() async throws {
        try await TestService.run { service in
            let script = try await service.call(.GET, Self.paths[0], key: nil)
            #expect(script.headers["content-type"] == "text/javascript; charset=utf-8")
            #expect(script.text.utf8.count <= 6_000, "\(script.text.utf8.count)")
            #expect(script.text.hasSuffix("})();"))
            for forbidden in ["eval", "innerHTML", "Function(", "setAttribute('style", "//"] {
                let text = script.text.replacing("https://connect.humanapi.co", with: "")
                #expect(!text.contains(forbidden), "\(forbidden)")
            }
        }
    }

    @Test("the types name every state that the script tells")
    func types() async throws {
        try await TestService.run { service in
            let script = try await service.call(.GET, Self.paths[0], key: nil).text
            let types = try await service.call(.GET, Self.paths[1], key: nil).text
            let told = script.matches(of: /(?:tell|end)\('([a-z]+)'/).map { String($0.1) }
            #expect(Set(told).count == 8)
            for state in told { #expect(types.contains("| '\(state)'"), "\(state)") }
        }
    }
}
