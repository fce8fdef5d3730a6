import Logging
import NIOCore
import NIOEmbedded
import Testing

@testable import BoundedServer

@Suite("Room for connections", .timeLimit(.minutes(1)))
struct ConnectionRoomTests {
    @Test(
        "no more connections than descriptors, of which some are kept for the rest",
        arguments: [
            (4_096, 1_000_000, 4_096), (4_096, 4_608, 4_096), (4_096, 4_607, 4_095),
            (4_096, 1_024, 512), (4_096, 256, 128), (100, 1_024, 100),
        ]
    )
    func fitting(wanted: Int, descriptors: Int, expected: Int) {
        #expect(ConnectionRoom.fitting(wanted, descriptors: descriptors) == expected)
    }

    @Test("the limit of descriptors is raised where it is low, and never lowered")
    func raise() {
        let limit = DescriptorLimit.raise(to: 0)
        #expect(limit > 0)
        #expect(DescriptorLimit.raise(to: limit) == limit)
        #expect(DescriptorLimit.raise(to: 1) == limit)
    }

    private static let limits = ServerLimits(
        headerBytesMax: 16_384,
        headerFieldsMax: 64,
        idleTimeMax: .seconds(60),
        connectionsMax: 2,
        headTimeMax: .seconds(30)
    )

    @Test("who comes when there is no room is served, and who was waited for the longest leaves")
    func longestWait() async throws {
        try await TestServer.run(limits: Self.limits) { server in
            try await HandClient.run(port: server.port) { first in
                try await Self.probe(first)
                try await HandClient.run(port: server.port) { second in
                    try await Self.probe(second)
                    _ = try await first.closed()
                    try await HandClient.run(port: server.port) { third in
                        try await Self.probe(third)
                        #expect(server.count("/probe") == 3)
                        _ = try await second.closed()
                    }
                }
            }
        }
    }

    @Test("however often room is looked for, one leaves for each place, and no other address's")
    func oneLeaves() throws {
        let (connections, _, waits) = try Self.full(
            ["127.0.0.1", "127.0.0.2", "127.0.0.2", "127.0.0.2"]
        )
        // None of them is on an event loop that is free to see that it must leave.
        for _ in 0..<6 { connections.makeRoom() }
        connections.note(openCount: 0)
        #expect(waits.filter(\.isToLeave).count == 1)
        #expect(!waits[0].isToLeave)
    }

    @Test("nobody leaves for somebody who has gone already, and is counted still")
    func gone() throws {
        let (connections, channels, waits) = try Self.full(["127.0.0.1", "127.0.0.2"])
        try channels[1].close().wait()
        channels[1].embeddedEventLoop.run()
        connections.makeRoom()
        connections.note(openCount: 0)
        #expect(!waits[0].isToLeave)
    }

    /// As many connections as there may be, from these addresses, each of whose callers is waited for
    /// since long.
    private static func full(
        _ addresses: [String]
    ) throws -> (connections: Connections, channels: [EmbeddedChannel], waits: [Wait]) {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let connections = Connections(
            tally: ConnectionTally(of: "test", meter: ServerMeter(), logger: logger),
            connectionsMax: addresses.count,
            unreadBytesMax: 1
        )
        let channels = try addresses.map { address in
            let channel = EmbeddedChannel()
            try channel.connect(to: SocketAddress(ipAddress: address, port: 1)).wait()
            return channel
        }
        let waits = channels.map { connections.add($0) }
        for wait in waits { wait.forCaller(since: .now() - .seconds(5)) }
        connections.note(openCount: addresses.count)
        return (connections, channels, waits)
    }

    @Test("an address that takes all room takes it from itself")
    func addresses() async throws {
        let limits = ServerLimits(
            headerBytesMax: 16_384,
            headerFieldsMax: 64,
            idleTimeMax: .seconds(600),
            connectionsMax: 4,
            headTimeMax: .seconds(30)
        )
        try await TestServer.run(limits: limits) { server in
            try await HandClient.run(port: server.port) { honest in
                try await Self.probe(honest)
                // Each stays open while the next ones come, from another address than the first.
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<12 {
                        group.addTask {
                            try await HandClient.run(port: server.port, from: "127.0.0.2") { _ in
                                try await Task.sleep(for: .seconds(3))
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(!honest.isClosed)
                try await Self.probe(honest, count: 2)
            }
        }
    }

    @Test("who waits for us does not leave; who comes then waits until somebody is waited for")
    func nobodyToLeave() async throws {
        try await TestServer.run(limits: Self.limits) { server in
            try await HandClient.run(port: server.port) { first in
                await first.send("GET /late HTTP/1.1\r\nHost: a\r\n\r\n")
                try await HandClient.run(port: server.port) { second in
                    await second.send("GET /late HTTP/1.1\r\nHost: a\r\n\r\n")
                    try await HandClient.run(port: server.port) { third in
                        await third.send(Self.probe)
                        for caller in [first, second] {
                            try await caller.read { $0.text.hasSuffix("late") }
                            #expect(caller.text.hasSuffix("late"))
                        }
                        try await third.read { $0.text.hasSuffix("got /probe\n") }
                        #expect(server.count("/probe") == 1)
                    }
                }
            }
        }
    }

    private static let probe = "GET /probe HTTP/1.1\r\nHost: a\r\n\r\n"

    private static func probe(_ client: HandClient, count: Int = 1) async throws {
        await client.send(probe)
        try await client.read { $0.text.ranges(of: "got /probe\n").count == count }
        #expect(client.text.hasSuffix("got /probe\n"))
    }
}
