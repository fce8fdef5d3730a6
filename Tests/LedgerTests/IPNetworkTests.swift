import Ledger
import Testing

@Suite("Addresses and networks")
struct IPNetworkTests {
    @Test(
        "an address is read in all spellings and written in one",
        arguments: [
            ("192.0.2.1", "192.0.2.1"), ("0.0.0.0", "0.0.0.0"),
            ("255.255.255.255", "255.255.255.255"),
            ("::", "::"), ("::1", "::1"), ("1::", "1::"),
            ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
            ("2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"),
            ("1:0:2:0:3:0:4:0", "1:0:2:0:3:0:4:0"), ("0:0:1::", "0:0:1::"),
            ("::ffff:192.0.2.1", "192.0.2.1"), ("::ffff:c000:201", "192.0.2.1"),
            ("64:ff9b::192.0.2.1", "64:ff9b::c000:201"), ("::fffe:192.0.2.1", "::fffe:c000:201"),
        ]
    )
    func addresses(text: String, spelling: String) throws {
        let address = try #require(IPAddress(text))
        #expect("\(address)" == spelling)
        #expect(IPAddress(spelling) == address)
    }

    @Test(
        "what is no address is refused",
        arguments: [
            "", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.+4", "1.2.3.-4",
            "1..2.3",
            " 1.2.3.4", "1.2.3.4 ", "0x1.2.3.4", ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
            "1::2::3", "1:::2", ":1::", "::1:", "12345::", "g::", "+1::", "::1%eth0", "[::1]",
            "1:2:3:4:5:6:7::8", "::1.2.3", "1.2.3.4::", "::1.2.3.4:1", "١.2.3.4",
        ]
    )
    func nonsense(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test("a network holds what begins as it does, and nothing of the other family")
    func networks() throws {
        for (network, inside, outside) in [
            (
                "192.0.2.0/24", ["192.0.2.0", "192.0.2.255", "::ffff:192.0.2.7"],
                ["192.0.3.0", "192.0.1.255", "::c000:200"]
            ),
            ("192.0.2.5", ["192.0.2.5"], ["192.0.2.4"]),
            ("192.0.2.4/31", ["192.0.2.5"], ["192.0.2.6"]),
            ("0.0.0.0/0", ["255.255.255.255"], ["::", "2001:db8::"]),
            ("2001:db8::/32", ["2001:db8:ffff::1"], ["2001:db9::", "32.1.13.184"]),
            ("::/0", ["ffff::"], ["192.0.2.1"]),
            ("2001:db8::1/128", ["2001:db8::1"], ["2001:db8::"]),
            ("2001:db8:0:0:8000::/65", ["2001:db8::8000:0:0:1"], ["2001:db8::7fff:0:0:1"]),
        ] {
            let read = try IPNetwork(network)
            for text in inside { #expect(read.contains(try #require(IPAddress(text))), "\(text)") }
            for text in outside {
                #expect(!read.contains(try #require(IPAddress(text))), "\(text)")
            }
            #expect(try IPNetwork("\(read)") == read)
        }
        #expect("\(try IPNetwork("192.0.2.5"))" == "192.0.2.5/32")
        #expect("\(try IPNetwork("2001:DB8:0::/32"))" == "2001:db8::/32")
    }

    @Test("a network with bits behind its prefix, or no prefix, is refused in words")
    func flaws() throws {
        for (text, words) in [
            ("10.0.0.1/8", "the network is 10.0.0.0/8"),
            ("2001:db8::1/32", "the network is 2001:db8::/32"),
            ("1.2.3.4/0", "the network is 0.0.0.0/0"), ("10.0.0.0/33", "from 0 to 32"),
            ("2001:db8::/129", "from 0 to 128"), ("10.0.0.0/-1", "from 0 to 32"),
            ("10.0.0.0/", "from 0 to 32"), ("10.0.0.0/08", "from 0 to 32"),
            ("10.0.0.0/8/8", "from 0 to 32"),
            ("10.0.0.0/+8", "from 0 to 32"), ("/8", "an IPv4 or IPv6 address"),
            ("::ffff:10.0.0.0/104", "an IPv4 or IPv6 address"),
            ("example.com/8", "an IPv4 or IPv6"),
            ("", "an IPv4 or IPv6"),
        ] {
            let flaw = #expect(throws: IPNetwork.Flaw.self, "\(text)") { try IPNetwork(text) }
            #expect(
                flaw.map { "\($0)".contains(words) } == true,
                "\(text): \(flaw.map { "\($0)" } ?? "")"
            )
        }
    }
}
