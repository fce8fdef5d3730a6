import Testing
import Yams

/// An operation of `openapi.yaml`, with the names of all that a caller can put into it.
struct DocumentedOperation: CustomStringConvertible {
    let method: String
    /// With `{name}` for what callers fill in, and `**` for the rest of a path.
    let path: String
    private(set) var queryNames: [String] = []
    private(set) var headerNames: [String] = []
    private(set) var bodyNames: [String] = []
    /// The scope that it takes; nil where it is open.
    let scope: String?
    /// The statuses that it may be answered with.
    let statuses: Set<Int>
    /// The query keys that must be there.
    private(set) var neededQueryNames: [String] = []
    /// Whether its answer ends only when it is asked to.
    let isEndless: Bool
    /// An example of its JSON body.
    private(set) var example: [String: String]?

    var description: String { "\(method) \(path)" }

    /// All operations of a document.
    static func all(in document: String) throws -> [DocumentedOperation] {
        let root = try #require(try Yams.compose(yaml: document))
        var operations: [DocumentedOperation] = []
        for (path, item) in try #require(root["paths"]?.mapping) {
            for (method, operation) in try #require(item.mapping)
            where operation["responses"] != nil {
                operations.append(
                    try DocumentedOperation(
                        method: #require(method.string).uppercased(),
                        path: #require(path.string),
                        parameters: [item, operation].flatMap {
                            Array($0["parameters"]?.sequence ?? [])
                        },
                        operation: operation,
                        root: root
                    )
                )
            }
        }
        return operations
    }

    private init(
        method: String,
        path: String,
        parameters: [Node],
        operation: Node,
        root: Node
    ) throws {
        self.method = method
        self.path = path
        let scopes = (operation["security"]?.sequence ?? []).flatMap { requirement in
            (requirement["apiKey"]?.sequence ?? []).compactMap(\.string)
        }
        #expect(scopes.count <= 1, "\(method) \(path)")
        scope = scopes.first
        isEndless =
            operation["responses"]?.mapping?.contains { _, response in
                response["content"]?["text/event-stream"] != nil
            } ?? false
        statuses = Set(
            try #require(operation["responses"]?.mapping).keys.compactMap {
                $0.string.flatMap { Int($0) }
            }
        )
        for parameter in try parameters.map({ try Self.resolved($0, root) }) {
            let name = try #require(parameter["name"]?.string)
            switch parameter["in"]?.string {
            case "query":
                queryNames.append(name)
                if parameter["required"]?.bool == true { neededQueryNames.append(name) }
            case "header": headerNames.append(name)
            case "path": #expect(path.contains("{\(name)}"))
            default: Issue.record("\(method) \(path): \(name) is nowhere")
            }
        }
        guard let body = operation["requestBody"] else { return }
        example = try Self.example(of: try Self.resolved(body, root))
        for (_, content) in try #require(try Self.resolved(body, root)["content"]?.mapping) {
            let schema = try content["schema"].map { try Self.resolved($0, root) }
            bodyNames += schema?["properties"]?.mapping?.keys.compactMap(\.string) ?? []
        }
    }

    /// The first example of a JSON body, whose members are texts.
    private static func example(of body: Node) throws -> [String: String] {
        let content = try #require(body["content"]?["application/json"])
        let first = content["examples"]?.mapping?.values.first?["value"]
        let members = try #require((content["example"] ?? first)?.mapping)
        return Dictionary(
            uniqueKeysWithValues: members.compactMap { name, value in
                name.string.flatMap { name in value.string.map { (name, $0) } }
            }
        )
    }

    /// What a reference leads to, or the node itself.
    private static func resolved(_ node: Node, _ root: Node) throws -> Node {
        guard let reference = node["$ref"]?.string else { return node }
        var target = root
        for step in reference.split(separator: "/").dropFirst() {
            target = try #require(target[String(step)])
        }
        return try resolved(target, root)
    }
}
