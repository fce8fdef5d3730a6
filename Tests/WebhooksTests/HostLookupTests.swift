import Dispatch
import Ledger
import Synchronization
import Testing
@testable import Webhooks

/// With a resolver that is held as long as the test wants, as a name server can hold the system's.
@Suite("names of hosts", .timeLimit(.minutes(1)))
struct HostLookupTests {
    /// Answers for hosts that begin with `slow` only once it is told to.
    private final class Resolver: Sendable {
        private let gate = DispatchSemaphore(value: 0)
        private let hosts = Mutex<[String]>([])

        var asked: [String] { hosts.withLock { $0 } }

        @Sendable func resolve(_ host: String) throws -> IPAddress {
            hosts.withLock { $0.append(host) }
            if host.hasPrefix("slow") { gate.wait() }
            guard let address = IPAddress("192.0.2.1") else { throw HostLookup.Unknown() }
            return address
        }

        func open() {
            for _ in 0..<1_000 { gate.signal() }
        }
    }

    private let resolver = Resolver()
    private let apps = (1...20).map { Identifier(value: $0) }

    private func lookup(_ timeMax: Duration) -> HostLookup {
        HostLookup(timeMax: timeMax, resolve: resolver.resolve)
    }

    private func end(_ lookup: HostLookup) async {
        resolver.open()
        await lookup.close()
    }

    @Test("one app's names that nobody answers for do not keep another app's waiting")
    func share() async throws {
        let lookup = lookup(.seconds(50))
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<16 {
                group.addTask {
                    _ = try? await lookup.address(of: "slow\(number).test", for: apps[0])
                }
            }
            while resolver.asked.count < DeliveryLimits.resolverThreadsOfAppMax {
                await Task.yield()
            }
            for app in apps.dropFirst() {
                let address = try? await lookup.address(of: "quick.test", for: app)
                #expect(address != nil)
            }
            let slow = resolver.asked.count { $0.hasPrefix("slow") }
            #expect(slow == DeliveryLimits.resolverThreadsOfAppMax)
            group.cancelAll()
        }
        await end(lookup)
    }

    @Test("nobody waits longer than the limit, and who has left is not looked up for any more")
    func limit() async throws {
        let lookup = lookup(.milliseconds(100))
        for number in 0..<8 {
            await #expect(throws: HostLookup.Unknown.self) {
                try await lookup.address(of: "slow\(number).test", for: apps[0])
            }
        }
        // The others never came to a thread.
        #expect(resolver.asked.count == DeliveryLimits.resolverThreadsOfAppMax)
        resolver.open()
        while true {
            let address = try? await lookup.address(of: "quick.test", for: apps[0])
            if address != nil { break }
        }
        #expect(resolver.asked.count == DeliveryLimits.resolverThreadsOfAppMax + 1)
        await end(lookup)
    }

    @Test("a name that is being looked up is not looked up a second time")
    func same() async throws {
        let lookup = lookup(.milliseconds(50))
        for _ in 0..<4 {
            _ = try? await lookup.address(of: "slow.test", for: apps[0])
        }
        #expect(resolver.asked == ["slow.test"])
        await end(lookup)
    }

    @Test("whoever ends meanwhile is answered, and a thread that is held keeps nobody from ending")
    func ends() async throws {
        let lookup = lookup(.seconds(50))
        await withTaskGroup(of: Void.self) { group in
            for app in apps {
                group.addTask { _ = try? await lookup.address(of: "slow.test", for: app) }
            }
            while resolver.asked.count < DeliveryLimits.resolverThreads { await Task.yield() }
            group.cancelAll()
        }
        await lookup.close()
        resolver.open()
    }

    @Test("what waits for a thread when all ends is told, and nothing is begun with after that")
    func closes() async throws {
        let lookup = lookup(.seconds(50))
        await withTaskGroup(of: Bool.self) { group in
            for number in 0..<8 {
                group.addTask {
                    let address = try? await lookup.address(of: "slow\(number).test", for: apps[0])
                    return address == nil
                }
            }
            while resolver.asked.count < DeliveryLimits.resolverThreadsOfAppMax {
                await Task.yield()
            }
            await lookup.close()
            resolver.open()
            let refused = await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            #expect(refused == 8 - DeliveryLimits.resolverThreadsOfAppMax)
        }
        #expect(resolver.asked.count == DeliveryLimits.resolverThreadsOfAppMax)
        await #expect(throws: HostLookup.Unknown.self) {
            try await lookup.address(of: "quick.test", for: apps[1])
        }
    }

    @Test("an address needs no look")
    func address() async throws {
        let lookup = lookup(.seconds(50))
        let address = try await lookup.address(of: "192.0.2.7", for: nil)
        #expect("\(address)" == "192.0.2.7" && resolver.asked.isEmpty)
        await lookup.close()
    }
}
