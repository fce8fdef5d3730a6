import Ledger
import LedgerAPI
import LedgerStore
import NIOHTTP1
import Testing
import Vault
import Wire
import Yams

@Suite(.timeLimit(.minutes(5))) struct OpenAPITests {
    /// `/openapi.yaml`, as far as the tests compare it.
    private struct Document {
        /// The scopes that each operation asks for, by method and path.
        var operations: [String: [String]] = [:]
        /// The codes that a problem may have.
        let codes: [String]

        init(_ text: String) throws {
            let root = try #require(try Yams.compose(yaml: text))
            for (path, item) in try #require(root["paths"]?.mapping) {
                for (method, operation) in try #require(item.mapping)
                where operation["responses"] != nil {
                    let name = "\(method.string?.uppercased() ?? "") \(path.string ?? "")"
                    operations[name] = Self.scopes(operation)
                }
            }
            let problem = root["components"]?["schemas"]?["Problem"]
            let listed = try #require(problem?["properties"]?["code"]?["enum"]?.sequence)
            codes = listed.compactMap(\.string)
        }

        /// The scopes under `apiKey`; none where the operation is open.
        private static func scopes(_ operation: Node) -> [String] {
            (operation["security"]?.sequence ?? []).flatMap { requirement in
                (requirement["apiKey"]?.sequence ?? []).compactMap(\.string)
            }
        }
    }

    @Test("the document lists exactly the routes that exist, each with its scope")
    func routes() async throws {
        try await TestService.run { service in
            let answer = try await service.call(.GET, "/openapi.yaml", key: nil)
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"] == "application/yaml")
            let document = try Document(answer.text)
            let routes = Set(service.api.routes.map { "\($0.method) \($0.path)" })
            #expect(routes.count > 15)
            #expect(
                routes.symmetricDifference(document.operations.keys).sorted() == [],
                "in one of the two only"
            )
            for route in TestRoute.all {
                let scopes = try #require(
                    document.operations["\(route.method.rawValue) \(route.path)"]
                )
                #expect(scopes == (route.scope.map { [$0.rawValue] } ?? []), "\(route)")
            }
        }
    }

    @Test("the document names every type of event, and no other")
    func types() async throws {
        try await TestService.run { service in
            let text = try await service.call(.GET, "/openapi.yaml", key: nil).text
            let listed = try #require(
                text.split(separator: "    EventType:\n      enum:\n").last
            )
            .split(separator: "\n").prefix { $0.hasPrefix("        - ") }
            .map { String($0.dropFirst(10)) }
            #expect(listed.sorted() == LedgerEvent.types.sorted())
        }
    }

    /// openapi-python-client 0.29 writes Python that does not parse for an optional `const: true`, and
    /// forgets an import where several bodies are the only thing that may vary.
    @Test("the document avoids what a usual generator of clients stumbles over")
    func generators() async throws {
        try await TestService.run { service in
            let text = try await service.call(.GET, "/openapi.yaml", key: nil).text
            #expect(!text.contains("const: true"))
            for operation in try DocumentedOperation.all(in: text)
            where operation.path.hasSuffix("/finish")
                || operation.path == "/v1/finish/{launch_token}"
            {
                guard operation.method == "POST" else { continue }
                #expect(!operation.headerNames.isEmpty, "\(operation)")
            }
        }
    }

    @Test("the document names every problem code, and no other")
    func codes() async throws {
        try await TestService.run { service in
            let text = try await service.call(.GET, "/openapi.yaml", key: nil).text
            let document = try Document(text)
            #expect(Set(document.codes) == TestRoute.problemCodes)
            #expect(document.codes.count == TestRoute.problemCodes.count)
            for code in TestRoute.problemCodes.subtracting(["refused", "not_found"]) {
                #expect(text.contains("`\(code)`"), "no answer names \(code)")
            }
        }
    }
}
