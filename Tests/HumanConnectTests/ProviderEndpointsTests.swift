import Foundation
import HumanConnect
import Testing
import Wire

@Suite("the provider's base URLs")
struct ProviderEndpointsTests {
    @Test("absolute http and https URLs are taken, a trailing slash is dropped")
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
        "everything else is refused",
        arguments: [
            "", "connect.example", "//connect.example", "ftp://a", "https://", "file:///etc",
            "https://u:p@a", "https://u@a", "https://a?x=1", "https://a#f", "https://a b",
            "javascript:alert(1)", "https://a\n",
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
