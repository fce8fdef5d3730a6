import BoundedClient
import TestSupport
import Testing

@Suite("whether a server can be reached", .timeLimit(.minutes(2)))
struct ReachabilityTests {
    @Test("a server is reached without a word to it")
    func reached() async throws {
        try await StubProvider.run(.hang) { stub, url in
            #expect(await Reachability.of(url) == .reached)
            #expect(await Reachability.of(url + "/a/path?and=more") == .reached)
            while stub.connections < 2 { try await Task.sleep(for: .milliseconds(5)) }
            #expect(stub.requests == [])
        }
    }

    @Test("where nobody listens, nobody is, or nobody answers the handshake, nothing is reached")
    func unreachable() async throws {
        #expect(await Reachability.of("http://127.0.0.1:1") == .unreachable)
        #expect(await Reachability.of("https://127.0.0.1:1") == .unreachable)
        #expect(await Reachability.of("https://nowhere.invalid") == .unreachable)
        try await StubProvider.run(.hang) { _, url in
            let secure = url.replacing("http:", with: "https:")
            #expect(await Reachability.of(secure) == .unreachable)
        }
        for url in ["", "x", "ftp://127.0.0.1", "http://"] {
            #expect(await Reachability.of(url) == .malformedURL)
        }
    }

    @Test("a certificate that nobody vouches for, or for another host, is not trusted")
    func untrusted() async throws {
        for certificate in TLSServer.Certificate.allCases {
            try await TLSServer.run(certificate) { server in
                #expect(await Reachability.of(server.url) == .untrusted)
            }
        }
    }
}
