import Ledger
import LedgerStore
import Synchronization
import TestSupport
import Testing
@testable import Webhooks

@Suite("where webhooks may go", .timeLimit(.minutes(1)))
struct AddressTests {
    @Test(
        "no private, local or reserved address, in whatever spelling",
        arguments: [
            "https://127.0.0.1/", "https://127.1.2.3/", "https://10.0.0.1/", "https://172.16.0.1/",
            "https://172.31.255.255/", "https://192.168.1.1/", "https://169.254.169.254/",
            "https://100.64.0.1/", "https://0.0.0.0/", "https://255.255.255.255/",
            "https://224.0.0.1/", "https://198.18.0.1/", "https://[::1]/", "https://[::]/",
            "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/", "https://[fe80::1]/",
            "https://[fc00::1]/", "https://[fd12:3456::1]/", "https://[ff02::1]/",
            "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/", "https://[2001:0:7f00:1::]/",
            "https://[2001:db8::1]/", "https://[::7f00:1]/", "https://localhost/",
            "https://hooks.localhost/", "http://example.com/",
        ]
    )
    func refused(text: String) throws {
        let url = try WebhookURL(text)
        #expect(throws: WebhookAddresses.Refusal.self) { try WebhookAddresses().check(url) }
    }

    @Test(
        "public ones are taken",
        arguments: [
            "https://example.com/hooks?a=b", "https://1.1.1.1/", "https://[2606:4700::1111]:8443/x",
            "https://172.32.0.1", "https://192.0.1.1/", "https://a-b.example.co.uk:444",
        ]
    )
    func taken(text: String) throws {
        try WebhookAddresses().check(try WebhookURL(text))
    }

    @Test(
        "what two readers of URLs could understand differently is no URL",
        arguments: [
            "https://2130706433/", "https://0177.0.0.1/", "https://0x7f.0.0.1/", "https://127.1/",
            "https://0x7f000001/", "https://017700000001/", "https://example.com@127.0.0.1/",
            "https://127.0.0.1\\@example.com/", "https://example.com#@127.0.0.1/", "https:///x",
            "https://exa mple.com/", "https://ex%61mple.com/", "https://[::1%25eth0]/",
            "https://①②⑦.⓪.⓪.①/", "https://example.com:0/", "https://example.com:65536/",
            "https://example.com:+80/", "ftp://example.com/", "//example.com/", "example.com",
            "https://.example.com/", "https://example.com./", "https://user:pass@example.com/",
            "https://[127.0.0.1]/", "HTTPS://example.com/",
        ]
    )
    func malformed(text: String) {
        #expect(throws: WebhookURL.Flaw.self) { try WebhookURL(text) }
    }

    @Test("the operator names networks, which need no TLS; others stay refused")
    func networks() throws {
        let addresses = WebhookAddresses(networks: [try IPNetwork("10.1.0.0/16")])
        try addresses.check(try WebhookURL("http://10.1.2.3:8080/"))
        for text in [
            "http://10.2.0.1/", "https://10.2.0.1/", "http://1.1.1.1/", "https://localhost/",
        ] {
            let url = try WebhookURL(text)
            #expect(throws: WebhookAddresses.Refusal.self) { try addresses.check(url) }
        }
    }

    @Test("the URL that is sent to is made of what was read")
    func spelling() throws {
        #expect(try WebhookURL("https://EXAMPLE.com").text == "https://example.com:443/")
        #expect(try WebhookURL("http://[::1]:80?a").text == "http://[::1]:80/?a")
        #expect(
            try WebhookURL("https://example.com/A%2f?b=C").text
                == "https://example.com:443/A%2f?b=C"
        )
    }

    @Test(
        "a name that leads to this machine is not connected to",
        arguments: ["localhost", "hooks.test"]
    )
    func names(host: String) async throws {
        try await WebhookScene.run { scene in
            let lookup = HostLookup()
            let sender = WebhookSender(addresses: WebhookAddresses()) { name in
                // What a stranger's name server would say.
                try await lookup.address(
                    of: name == "hooks.test" ? "127.0.0.1" : name,
                    for: nil
                )
            }
            let url = try WebhookURL("https://\(host):\(scene.receiver.port)/")
            let refusal = await sender.prepare(url)
            #expect(refusal == .addressRefused)
            let answer = await send(to: url, sender, scene)
            #expect(answer.outcome == .unreachable)
            await sender.close()
            await lookup.close()
            #expect(scene.receiver.connections == 0)
        }
    }

    @Test("a name is connected to where it was looked up, and looked up anew for each round")
    func rebinding() async throws {
        try await WebhookScene.run { scene in
            let asked = Mutex(0)
            let sender = WebhookSender(addresses: WebhookScene.local) { _ in
                let isFirst = asked.withLock { count in
                    count += 1
                    return count == 1
                }
                return try #require(IPAddress(isFirst ? "127.0.0.1" : "10.0.0.1"))
            }
            // No name server knows it: that it arrives shows where it was sent.
            let url = try WebhookURL("http://hooks.invalid:\(scene.receiver.port)/")
            #expect(await sender.prepare(url) == nil)
            for _ in 0..<2 {
                let answer = await send(to: url, sender, scene)
                #expect(answer.outcome == .delivered)
            }
            #expect(await sender.prepare(url) == .addressRefused)
            await sender.close()
            let host = scene.receiver.messages.first?["host"]
            #expect(host == "hooks.invalid:\(scene.receiver.port)")
            #expect(scene.receiver.connections == 1)
        }
    }

    private func send(
        to url: WebhookURL,
        _ sender: WebhookSender,
        _ scene: WebhookScene
    ) async -> WebhookAnswer {
        let clock = scene.test.store.clock
        let message = WebhookMessage(
            test: clock.identifier(),
            type: "webhook.test",
            at: clock.now(),
            of: "demo",
            endpoint: clock.identifier()
        )
        return await sender.send(message, to: url, secrets: [], at: clock.now())
    }
}
