import Foundation
import Subprocess
import SystemPackage
import Testing

@Suite("the rules for the project as a whole")
struct ProjectRuleTests {
    @Test("the top level holds what belongs there")
    func topLevel() throws {
        let found = ProjectRules.topLevel(try SourceTree().paths)
        record(found)

        #expect(ProjectRules.topLevel(["README.md", "Makefile", "Sources/A/A.swift"]).isEmpty)
        #expect(ProjectRules.topLevel(["docs/design.md", "LICENSE"]).isEmpty)
        #expect(ProjectRules.topLevel(["notes.txt", "Makefile"]).count == 1)
        #expect(ProjectRules.topLevel(["Utils/A.swift", "Utils/B.swift"]).count == 1)
        #expect(ProjectRules.topLevel(["Sources"]).count == 1)
    }

    @Test("the map in the README names every folder")
    func map() throws {
        let tree = try SourceTree()
        let found = ProjectRules.map(tree.paths, readme: try tree.text(of: "README.md"))
        record(found)

        let paths = ["Sources/Ledger/A.swift", "Sources/B/C/A.swift", "Schema/0001_a.sql"]
        #expect(ProjectRules.map(paths, readme: "Schema/\nSources/Ledger/ a\n  B/ b").isEmpty)
        let missing = ProjectRules.map(paths, readme: "Schema/\nSources/\n  Ledger, B and C/")
        #expect(missing.map(\.path) == ["Sources/B", "Sources/Ledger"])
    }

    @Test("the map in the README names no folder that is not there")
    func namedInVain() throws {
        let tree = try SourceTree()
        record(ProjectRules.namedInVain(tree.paths, readme: try tree.text(of: "README.md")))

        let paths = ["Sources/Ledger/A.swift", "docs/decisions/0001-a.md"]
        let map = "## The map\nSources/\n  Ledger/  a b/\ndocs/  x\n  decisions/\n"
        #expect(ProjectRules.namedInVain(paths, readme: map).isEmpty)
        #expect(ProjectRules.namedInVain(paths, readme: map + "  Gone/  a\n").count == 1)
        #expect(ProjectRules.namedInVain(paths, readme: "# A").count == 1)
    }

    @Test("what comments and papers cite is in the project")
    func citations() throws {
        let files = try SourceTree.sourceFiles.get()
        let citations = Citations(files)
        // This file has the samples that lead nowhere.
        let others = files.filter { $0.path != "Tests/TidyTests/ProjectRuleTests.swift" }
        record(others.flatMap { citations.violations(in: $0) })

        let paper = SourceFile("docs/a.md", "# The `a` of B, C\n<a id=\"t1\"></a>\n## x\n## x\n")
        let sample = Citations([paper, SourceFile("docs/b/c.md", "# C")])
        func found(_ path: String, _ text: String) -> Int {
            sample.violations(in: SourceFile(path, text)).count
        }
        for text in [
            "// (docs/a.md#the-a-of-b-c).", "/// See docs/a.md#t1, docs/b/c.md.",
            "// docs/a.md#x-1",
            "// RFC 6962, section 2", "// A design of section doors",
        ] {
            #expect(found("Sources/A/A.swift", text) == 0, "\(text)")
        }
        for text in [
            "// (docs/a.md#t2)", "// docs/d.md", "// docs/a.md#x-2", "// (design, section 4)",
            "// (threats, T17)", "// contract 14.18", "// linked (T28).", "// (faults, F45)",
        ] {
            #expect(found("Sources/A/A.swift", text) == 1, "\(text)")
        }
        #expect(found("docs/b/d.md", "[a](../a.md#t1) [c](c.md) [w](https://x.y/z.md)") == 0)
        #expect(found("docs/b/d.md", "[a](../a.md#t2), [d](d2.md) and [e](#e)") == 3)
    }

    @Test("the way of a data item leads through functions that there are")
    func ways() throws {
        let tree = try SourceTree()
        let paper = SourceFile("docs/design.md", try tree.text(of: "docs/design.md"))
        record(ProjectRules.ways(paper, try SourceTree.sourceFiles.get()))

        let files = [
            SourceFile("Sources/A/A.swift", "struct A { func go() {} }"),
            SourceFile("Schema/0001_a.sql", "create function a.go(\n"),
        ]
        func found(_ line: String) -> Int {
            let paper = SourceFile("a.md", "## The way of a data item\n\n\(line)\n## B\n`B.no`")
            return ProjectRules.ways(paper, files).count
        }
        #expect(found("| A | `A.go` | `word`, `a.go`, `GET …/a.b` |") == 0)
        #expect(found("| A | `A.stay` | `B.go`, `a.stay` |") == 3)
        #expect(ProjectRules.ways(SourceFile("a.md", "# A"), files).count == 1)
    }

    @Test("migrations are numbered without holes and embedded")
    func migrations() throws {
        let tree = try SourceTree()
        let package = try tree.text(of: "Package.swift")
        let found = ProjectRules.migrations(tree.paths, package: package)
        record(found)

        let names = ["Schema/0001_a.sql", "Schema/0002_b.sql"]
        let both = "\"0001_a.sql\", \"0002_b.sql\""
        #expect(ProjectRules.migrations(names, package: both).isEmpty)
        #expect(ProjectRules.migrations(names, package: "\"0001_a.sql\"").count == 1)
        let hole = ["Schema/0001_a.sql", "Schema/0003_b.sql"]
        #expect(ProjectRules.migrations(hole, package: "\"0001_a.sql\", \"0003_b.sql\"").count == 1)
        let twice = ["Schema/0001_a.sql", "Schema/0001_b.sql"]
        #expect(
            ProjectRules.migrations(twice, package: "\"0001_a.sql\", \"0001_b.sql\"").count == 1
        )
    }

    @Test("the program applies every migration, in order")
    func appliedMigrations() throws {
        let tree = try SourceTree()
        let program = try tree.text(of: "Schema/Migration.swift")
        record(ProjectRules.appliedMigrations(tree.paths, program: program))

        let paths = ["Schema/0001_a.sql", "Schema/0002_b_c.sql", "Schema/Migration.swift"]
        func found(_ program: String) -> Int {
            ProjectRules.appliedMigrations(paths, program: program).count
        }
        #expect(found("[P._001_a_sql,\n P._002_b_c_sql]") == 0)
        #expect(found("[P._001_a_sql]") == 1)
        #expect(found("[P._002_b_c_sql, P._001_a_sql]") == 1)
        #expect(found("[P._001_a_sql, P._002_b_c_sql, P._003_d_sql]") == 1)
    }

    @Test("dependencies start at versions without known defects")
    func floors() throws {
        let found = ProjectRules.floors(package: try SourceTree().text(of: "Package.swift"))
        record(found)

        func package(_ version: String) -> String {
            ".package(url: \"https://github.com/apple/swift-nio\", from: \"\(version)\"),"
        }
        #expect(ProjectRules.floors(package: package("2.100.0")).isEmpty)
        #expect(ProjectRules.floors(package: package("3.0.0")).isEmpty)
        #expect(ProjectRules.floors(package: package("2.99.9")).count == 1)
        #expect(ProjectRules.floors(package: "").count == 1)
    }

    private struct Resolved: Decodable {
        struct Pin: Decodable {
            struct State: Decodable {
                let version: String?
            }
            let identity: String
            let state: State
        }
        let pins: [Pin]
    }

    @Test("what was resolved is above the versions with known defects that the papers name")
    func resolvedFloors() throws {
        let tree = try SourceTree()
        let text = try tree.text(of: "Package.resolved")
        let resolved = try JSONDecoder().decode(Resolved.self, from: Data(text.utf8))
        let versions = Dictionary(
            uniqueKeysWithValues: resolved.pins.map { ($0.identity, $0.state.version ?? "0") }
        )
        let threats = SourceFile("docs/threats.md", try tree.text(of: "docs/threats.md"))
        record(ProjectRules.resolvedFloors(versions, paper: threats))

        let paper = SourceFile("docs/a.md", "needs swift-nio ≥ 2.100.0, swift-nio-http2 ≥ 1.44.1.")
        func found(_ versions: [String: String]) -> Int {
            ProjectRules.resolvedFloors(versions, paper: paper).count
        }
        #expect(found(["swift-nio": "2.100.0", "swift-nio-http2": "1.45.0"]) == 0)
        #expect(found(["swift-nio": "2.99.9", "swift-nio-http2": "1.44.0"]) == 2)
        #expect(found(["swift-nio": "3.0.0"]) == 0)
        // The rule finds the floors that it is there for.
        #expect(ProjectRules.resolvedFloors(["swift-nio": "0"], paper: threats).count >= 1)
        #expect(ProjectRules.resolvedFloors(["swift-nio-http2": "0"], paper: threats).count >= 1)
    }

    @Test("crash points are in debug builds alone")
    func crashPoints() throws {
        let package = try SourceTree().text(of: "Package.swift")
        let defined = package.split(separator: "\n").filter { $0.contains("CRASH_POINTS") }
        #expect(
            defined.map { $0.trimmingCharacters(in: .whitespaces) }
                == [#".define("CRASH_POINTS", .when(configuration: .debug)),"#]
        )
    }

    @Test("nothing that a build makes is tracked")
    func tracked() async throws {
        let tree = try SourceTree()
        // A copy without a repository tracks nothing; a checkout may belong to another user.
        let answer = try await Subprocess.run(
            .name("git"),
            arguments: ["-c", "safe.directory=*", "-C", tree.top, "ls-files"],
            output: .string(limit: 1 << 20)
        )
        let found = ProjectRules.tracked(
            answer.standardOutput.split(separator: "\n").map(String.init)
        )
        record(found)

        #expect(ProjectRules.tracked(["Package.swift", "Sources/A/build.swift"]).isEmpty)
        #expect(ProjectRules.tracked([".build/a", "Package.resolved"]).count == 2)
    }
}
