import HTTPTypes
import Ledger
import LedgerStore
import NIOHTTP1
import Testing
import Vault

@testable import LedgerAPI

@Suite("The door under overload", .timeLimit(.minutes(1)))
struct OverloadDoorTests {
    private static func log(_ method: String, _ path: String) throws -> Log.Kind? {
        RepeatableCall.log(
            of: HTTPRequest(
                method: try #require(HTTPRequest.Method(method)),
                scheme: "http",
                authority: "a",
                path: path
            )
        )
    }

    @Test("what can be made again is known by method and path, with the log that it waits for")
    func calls() throws {
        for route in TestRoute.all {
            let expected: Log.Kind? =
                switch route.scope {
                case .launch, .tokensRecover, .erase, .problemsMute: .facts
                case .finish, .tokensReport, .webhooksManage, nil: nil
                default: .access
                }
            #expect(try Self.log(route.method.rawValue, route.path) == expected, "\(route)")
        }
        let waiting: Set = ["GET /v1/events/{position}/proof", "GET /v1/consistency"]
        for route in TestRoute.tree {
            let parts = route.split(separator: " ").map(String.init)
            #expect(try Self.log(parts[0], parts[1]) == (waiting.contains(route) ? .access : nil))
        }
    }

    @Test("queries and HEAD are no other call, and an address has one spelling")
    func spellings() throws {
        #expect(try Self.log("GET", "/v1/users?limit=2") == .access)
        #expect(try Self.log("HEAD", "/v1/users/a%2Fb/tokens") == .access)
        #expect(try Self.log("GET", "/v1/users/finish?a=/v1/launches") == .access)
        for path in ["/v1/launches/", "//v1/launches", "/v1//launches", "*", "/V1/launches"] {
            #expect(try Self.log("POST", path) == nil, "\(path)")
        }
        #expect(try Self.log("PUT", "/v1/launches") == nil)
        #expect(try Self.log("HEAD", "/v1/launches") == nil)
    }

    @Test("no room and work that waits are a flood after a while, and until they are not")
    func flood() {
        let begin = ContinuousClock.now
        var flood = Flood()
        let look = { (milliseconds: Int, inside: Int, delay: Duration) in
            flood.look(
                insideCount: inside,
                workDelay: delay,
                at: begin + .milliseconds(milliseconds)
            )
            return flood.isOn
        }
        let (full, late) = (RequestLimits.insideMax, Duration.milliseconds(4))
        // A burst passes, whatever waits for it.
        #expect(!look(0, full, late))
        #expect(!look(70, full, late))
        #expect(!look(72, full - 1, late))
        #expect(!look(140, full, .zero))
        // Who is inside does not wait for the processor: neither seen before nor since.
        #expect(!look(400, full, .zero))
        #expect(look(405, full, late))
        // Once it is one, moments of room do not end it.
        #expect(look(410, 0, .zero))
        #expect(look(1_300, full, .zero))
        #expect(!look(1_405, full, .zero))
        #expect(!look(1_410, 0, late))
        #expect(!look(1_420, full, late))
        #expect(look(1_500, full, .zero))
    }

    @Test(
        "times are written as HTTP has them",
        arguments: [
            ("1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
            ("2028-02-29T23:59:59.9Z", "Tue, 29 Feb 2028 23:59:59 GMT"),
        ]
    )
    func date(moment: String, expected: String) throws {
        #expect(HTTPDate.text(try #require(Timestamp(moment))) == expected)
    }
}
