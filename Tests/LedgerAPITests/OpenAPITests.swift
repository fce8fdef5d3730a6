import Ledger
import LedgerAPI
import LedgerStore
import NIOHTTP1
import Testing
import Vault
import Wire

@Suite(.timeLimit(.minutes(5))) struct OpenAPITests {
    private static let methods = ["get", "post", "put", "patch", "delete", "options", "head"]

    /// The document by lines: paths stand two spaces in, methods four.
    private struct Document {
        var operations: [String: String] = [:]

        init(_ text: String) {
            var isInPaths = false
            var path = ""
            var operation = ""
            for line in text.split(separator: "\n") {
                if !line.hasPrefix(" ") {
                    isInPaths = line == "paths:"
                } else if isInPaths, line.hasPrefix("  /"), line.hasSuffix(":") {
                    path = String(line.dropFirst(2).dropLast())
                } else if isInPaths, line.hasPrefix("    "), !line.hasPrefix("     "),
                    line.hasSuffix(":")
                {
                    let method = String(line.dropFirst(4).dropLast())
                    operation = methods.contains(method) ? "\(method.uppercased()) \(path)" : ""
                    if !operation.isEmpty { operations[operation] = "" }
                } else if isInPaths, line.hasPrefix("      security:"), !operation.isEmpty {
                    operations[operation] = String(line.dropFirst("      security: ".count))
                }
            }
        }
    }

    @Test("the document lists exactly the routes that exist, each with its scope")
    func routes() async throws {
        try await TestService.run { service in
            let answer = try await service.call(.GET, "/openapi.yaml", key: nil)
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"] == "application/yaml")
            let document = Document(answer.text)
            let routes = Set(service.api.routes.map { "\($0.method) \($0.path)" })
            #expect(routes.count > 15)
            #expect(
                routes.symmetricDifference(document.operations.keys).sorted() == [],
                "in one of the two only"
            )
            for route in TestRoute.all {
                let security = try #require(
                    document.operations["\(route.method.rawValue) \(route.path)"]
                )
                let scope = security.filter { !"[]{}\" ".contains($0) }
                #expect(scope == (route.scope.map { "apiKey:\($0.rawValue)" } ?? ""), "\(route)")
            }
        }
    }

    @Test("the document names every problem code, and no other")
    func codes() async throws {
        try await TestService.run { service in
            let text = try await service.call(.GET, "/openapi.yaml", key: nil).text
            let lines = text.split(separator: "\n").map { $0.drop { $0 == " " } }
            let listed = lines.drop { $0 != "code:" }.dropFirst(2).prefix { $0.hasPrefix("- ") }
            #expect(Set(listed.map { String($0.dropFirst(2)) }) == TestRoute.problemCodes)
            for code in TestRoute.problemCodes.subtracting(["refused", "not_found"]) {
                #expect(text.contains("`\(code)`"), "no answer names \(code)")
            }
        }
    }
}
