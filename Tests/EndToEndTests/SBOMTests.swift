import Foundation
import Postgres
import TestSupport
import Testing
import Wire

/// `token-ledger sbom`, against what this very build resolved.
@Suite("what the program is made of", .timeLimit(.minutes(5)))
struct SBOMTests {
    private struct Resolved: Decodable {
        struct Pin: Decodable {
            struct State: Decodable {
                let version: String?
            }
            let identity: String
            let location: String
            let state: State
        }
        let pins: [Pin]
    }

    private static let top = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

    private func components(_ environment: [String: String]) async throws -> [JSONValue] {
        let answer = try await TestProgram.run(
            TestProgram.path,
            ["sbom"],
            environment: environment
        )
        #expect(answer.status == 0, "\(answer.messages)")
        let json = try JSONParser.parse(Array(answer.output.utf8.dropLast()), depthMax: 8)
        #expect(json["bomFormat"]?.text == "CycloneDX" && json["specVersion"]?.text == "1.6")
        guard case .array(let components) = json["components"] else { return [] }
        return components
    }

    private func version(_ name: String, _ components: [JSONValue]) -> String? {
        components.first { $0["name"]?.text == name }?["version"]?.text
    }

    @Test("it names each package that was resolved, in its version, and the system's libraries")
    func packages() async throws {
        let components = try await components([:])
        let data = try Data(contentsOf: URL(fileURLWithPath: "/\(Self.top)/Package.resolved"))
        let resolved = try JSONDecoder().decode(Resolved.self, from: data)
        #expect(resolved.pins.count > 20)
        #expect(components.count == resolved.pins.count + 3)
        for pin in resolved.pins {
            #expect(version(pin.identity, components) == pin.state.version, "\(pin.identity)")
        }
        let nio = components.first { $0["name"]?.text == "swift-nio" }
        let purl = try #require(nio?["purl"]?.text)
        #expect(purl.hasPrefix("pkg:swift/github.com/apple/swift-nio@2."))
        for name in ["libpq", "zlib"] {
            let found = version(name, components) ?? ""
            #expect(found.wholeMatch(of: /[0-9]+(\.[0-9]+)+/) != nil, "\(name) \(found)")
        }
        // Nobody was named who could be asked.
        #expect(version("postgresql", components) == nil)
        let names = components.compactMap { $0["bom-ref"]?.text }
        #expect(Set(names).count == components.count)
    }

    @Test("the version of PostgreSQL is the one that the server says")
    func server() async throws {
        let url = try await TestPostgres.url()
        let connection = try await PostgresConnection.connect(PostgresConfiguration(url: url))
        let statement = Statement("version", "select current_setting('server_version')")
        let expected = try await connection.query(statement) { (result) throws(PostgresError) in
            try result.text(0, 0)
        }
        await connection.close()
        let components = try await components(["TOKEN_LEDGER_DATABASE_URL": url])
        #expect(version("postgresql", components) == expected)
    }
}
