import Foundation
import HumanConnect
import Testing
import Wire

@Suite("the provider's base URLs")
struct ProviderEndpointsTests {
    @Test("absolute https URLs are taken, a trailing slash is dropped")
    func good() throws {
        let endpoints = try ProviderEndpoints(
            connect: "https://connect.example/",
            user: "http://127.0.0.1:8080",
            api: "https://api.example/base"
        )
        #expect(endpoints.connect == "https://connect.example")
        #expect(endpoints.user == "http://127.0.0.1:8080")
        let data = try JSONEncoder().encode(endpoints)
        #expect(try JSONDecoder().decode(ProviderEndpoints.self, from: data) == endpoints)
    }

    @Test(
        "http is taken on this machine",
        arguments: [
            "http://localhost", "http://LocalHost:8090", "http://127.0.0.1", "http://127.9.8.7:1",
            "http://[::1]", "http://[::1]:8090", "http://[0:0::1]/base",
            "http://[::ffff:127.0.0.1]",
        ]
    )
    func local(url: String) throws {
        #expect(try ProviderEndpoints(all: url).user == url)
    }

    @Test(
        "everything else is refused",
        arguments: [
            "", "connect.example", "//connect.example", "ftp://a", "https://", "file:///etc",
            "https://u:p@a", "https://u@a", "https://a?x=1", "https://a#f", "https://a b",
            "javascript:alert(1)", "https://a\n", "http://", "https://localhost@a",
            // In the clear only on this machine.
            "http://a", "http://localhost.evil.com", "http://127.0.0.1.evil.com", "http://10.0.0.1",
            "http://localhost:8080@evil.com", "http://evil.com/localhost", "http://128.0.0.1",
            "http://[::2]", "http://[::1].evil.com", "http://[2001:db8::1]", "http://127.1",
            "http://0177.0.0.1", "http://2130706433", "http://localhost.", "http://notlocalhost",
            "http://[::ffff:10.0.0.1]", "http://0.0.0.0", "HTTP://localhost",
        ]
    )
    func bad(url: String) {
        #expect(throws: ProviderEndpoints.Invalid(name: "user")) {
            try ProviderEndpoints(connect: "https://a", user: url, api: "https://a")
        }
        let json = Data(
            JSONValue.object([
                .init("connect", .string(url)), .init("user", "https://a"),
                .init("api", "https://a"),
            ]).encoded
        )
        #expect(throws: ProviderEndpoints.Invalid.self) {
            try JSONDecoder().decode(ProviderEndpoints.self, from: json)
        }
    }
}
