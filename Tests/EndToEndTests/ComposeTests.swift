import Foundation
import TestSupport
import Testing
import Yams

/// The files for people with Docker.
///
/// No engine runs them here, so they are looked at: what they name is there.
@Suite("Compose files", .timeLimit(.minutes(5)))
struct ComposeTests {
    /// One file, as Compose reads it.
    struct Compose: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// How many containers it has of our program.
        let ours: Int
    }

    static let files = [
        Compose(testDescription: "docker-compose.yml", ours: 3),
        Compose(testDescription: "docker-compose.citus.yml", ours: 3),
    ]

    private typealias Mapping = [String: Any]

    private func read(_ file: String) throws -> [String: Any] {
        let top = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(contentsOf: top.appending(path: file), encoding: .utf8)
        return try #require(try Yams.load(yaml: text) as? Mapping)
    }

    private func services(_ file: String) throws -> [(name: String, what: [String: Any])] {
        let services = try #require(try read(file)["services"] as? Mapping)
        return try services.keys.sorted().map { name in
            (name, try #require(services[name] as? Mapping))
        }
    }

    @Test("images have versions, and what a service names is in the file", arguments: files)
    func names(compose: Compose) throws {
        let whole = try read(compose.testDescription)
        let services = try services(compose.testDescription)
        let names = Set(services.map(\.name))
        let volumes = Set((whole["volumes"] as? Mapping ?? [:]).keys)
        let configs = Set((whole["configs"] as? Mapping ?? [:]).keys)
        var used: Set<String> = []
        for (name, what) in services {
            let image = try #require(what["image"] as? String, "\(name)")
            if image != "token-ledger" {
                let version = image.split(separator: ":").dropFirst().first
                #expect(version?.first?.isNumber == true, "\(name): \(image)")
            }
            let needed = (what["depends_on"] as? Mapping ?? [:]).keys
            #expect(names.isSuperset(of: needed), "\(name)")
            for other in needed {
                let condition = (what["depends_on"] as? Mapping)?[other] as? Mapping
                let isHealth = condition?["condition"] as? String == "service_healthy"
                let dependence = services.first { $0.name == other }?.what
                #expect(!isHealth || dependence?["healthcheck"] != nil, "\(name): \(other)")
            }
            for mount in what["volumes"] as? [String] ?? [] {
                let source = String(mount.prefix { $0 != ":" })
                guard !source.hasPrefix(".") else { continue }
                #expect(volumes.contains(source), "\(name): \(source)")
                used.insert(source)
            }
            for config in what["configs"] as? [Mapping] ?? [] {
                let source = try #require(config["source"] as? String)
                #expect(configs.contains(source), "\(name): \(source)")
                used.insert(source)
            }
        }
        #expect(used == volumes.union(configs))
    }

    @Test("commands, flags and settings are the program's", arguments: files)
    func program(compose: Compose) async throws {
        let guide = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "docs/operator.md")
        let settings = Set(
            try String(contentsOf: guide, encoding: .utf8)
                .split { !($0.isLetter || $0.isNumber || $0 == "_") }
        )
        let ours = try services(compose.testDescription)
            .filter { $0.what["image"] as? String == "token-ledger" }
        #expect(ours.count == compose.ours)
        for (name, what) in ours {
            let command = try #require(what["command"] as? [String], "\(name)")
            let help = try await TestProgram.run(try TestProgram.path, [command[0], "--help"])
            #expect(help.status == 0, "\(name): \(command)")
            for flag in command.dropFirst() where flag.hasPrefix("--") {
                #expect(help.output.contains("\(flag) "), "\(name): \(flag)")
            }
            for setting in (what["environment"] as? Mapping ?? [:]).keys {
                #expect(settings.contains(setting[...]), "\(name): \(setting)")
            }
        }
    }
}
