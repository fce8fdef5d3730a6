import Testing

@Suite("the rules for targets and what they depend on")
struct TargetRuleTests {
    private static func manifest(_ targets: String...) throws -> Manifest {
        try Manifest(json: "{\"name\": \"a\", \"targets\": [\(targets.joined(separator: ","))]}")
    }

    private static let domain = #"{"name": "A", "type": "regular", "dependencies": []}"#
    private static let shell = """
        {"name": "B", "type": "regular", "path": "Shell", "dependencies": [
            {"target": ["A", null]}, {"product": ["Log", "swift-log", null, null]},
            {"byName": ["C", {"platformNames": ["linux"]}]}
        ]}
        """

    @Test("a target declares what it imports, and imports what it declares")
    func dependencies() async throws {
        let tree = try SourceTree()
        let manifest = try await Manifest.read(tree.top)
        #expect(manifest.targets.count > 20)
        record(ProjectRules.dependencies(manifest, try SourceTree.sourceFiles.get()))

        let sample = try Self.manifest(Self.domain, Self.shell)
        let file = SourceFile("Shell/A.swift", "import Foundation\n@testable import A\nimport Log")
        let other = SourceFile("Shell/B.swift", "package import class C.D // import E")
        let pure = SourceFile("Sources/A/A.swift", "let a = \"import B\"")
        #expect(ProjectRules.dependencies(sample, [file, other, pure]).isEmpty)
        let unused = ProjectRules.dependencies(sample, [file, pure])
        #expect(unused.map(\.message) == ["B declares C and does not import it"])
        let more = SourceFile("Sources/A/B.swift", "let a = 1\nimport Log")
        let undeclared = ProjectRules.dependencies(sample, [file, other, pure, more])
        #expect(undeclared.map(\.path) == ["Sources/A/B.swift"])
        #expect(undeclared.map(\.line) == [2])
    }

    @Test("tests declare the program that they run")
    func programs() throws {
        let sample = try Self.manifest(
            #"{"name": "P", "type": "executable", "dependencies": []}"#,
            #"{"name": "T", "type": "test", "dependencies": [{"target": ["P", null]}]}"#
        )
        #expect(ProjectRules.dependencies(sample, []).isEmpty)
        #expect(sample.targets.map(\.folder) == ["Sources/P", "Tests/T"])
    }

    @Test("dependencies point downwards, in the order of the map")
    func layers() async throws {
        let tree = try SourceTree()
        let found = ProjectRules.layers(
            try await Manifest.read(tree.top),
            readme: try tree.text(of: "README.md")
        )
        record(found)

        let sample = try Self.manifest(Self.domain, Self.shell)
        let map = "Sources/\n  A/   the domain\nShell/   what is around it\n"
        #expect(ProjectRules.layers(sample, readme: map).isEmpty)
        let reversed = ProjectRules.layers(sample, readme: "Shell/  a\nSources/\n  A/  b\n")
        #expect(reversed.map(\.message) == ["B depends on A, which the map has below it"])
        let missing = ProjectRules.layers(
            sample,
            readme: "Sources/\n  A/  a, see Shell/ and Sources/A/"
        )
        #expect(missing.map(\.path) == ["Shell"])
    }
}
