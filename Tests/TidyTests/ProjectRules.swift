/// The rules that concern the project as a whole rather than one file.
enum ProjectRules {
    /// At the top stands what a newcomer looks for there, and nothing else.
    static func topLevel(_ paths: [String]) -> [Violation] {
        let files: Set = [
            "Package.swift", "Makefile", "Dockerfile", "docker-compose.yml",
            "docker-compose.citus.yml", "LICENSE",
        ]
        let folders: Set = ["Sources", "Tests", "Schema", "docs"]
        let names = Set(paths.map { ($0.parts[0], $0.parts.count > 1) }.map(TopName.init))
        return names.sorted { $0.name < $1.name }.filter { top in
            top.isFolder
                ? !folders.contains(top.name)
                : !files.contains(top.name) && !top.name.hasSuffix(".md")
        }.map { Violation(path: $0.name, line: 1, message: "does not belong to the top level") }
    }

    /// The map in the README names every folder at the top, below Sources and below Tests, with
    /// a slash after the name.
    static func map(_ paths: [String], readme: String) -> [Violation] {
        let top = paths.filter { $0.parts.count > 1 }.map { [$0.parts[0]] }
        let below = paths.filter {
            $0.parts.count > 2 && ["Sources", "Tests"].contains($0.parts[0])
        }
        .map { [$0.parts[0], $0.parts[1]] }
        let named = Set(
            readme.split(separator: "\n").flatMap { line in
                line.split { !($0.isLetter || $0.isNumber || "/._-".contains($0)) }
            }.flatMap { word in
                // Sources/Ledger/ names two folders; a word without a slash names none.
                word.split(separator: "/", omittingEmptySubsequences: false).dropLast()
            }.map(String.init)
        )
        return Set(top + below).map { $0.joined(separator: "/") }.sorted()
            .filter { !named.contains($0.parts.last ?? "") }
            .map { Violation(path: $0, line: 1, message: "the map in README.md does not name it") }
    }

    /// Every folder that the map names is there.
    static func namedInVain(_ paths: [String], readme: String) -> [Violation] {
        let lines = readme.split(separator: "\n", omittingEmptySubsequences: false)
        guard let start = lines.firstIndex(of: "## The map") else {
            return [Violation(path: "README.md", line: 1, message: "the map is missing")]
        }
        let folders = Set(paths.flatMap { $0.parts.dropLast() })
        return lines.indices[(start + 1)...].prefix { !lines[$0].hasPrefix("## ") }
            .compactMap { index -> Violation? in
                guard let word = lines[index].split(separator: " ").first, word.hasSuffix("/"),
                    !folders.contains(String(word.dropLast()))
                else { return nil }
                let message = "\(word) is not in the tree"
                return Violation(path: "README.md", line: index + 1, message: message)
            }
    }

    /// Migrations are numbered from 1 without holes, and the package embeds every one.
    static func migrations(_ paths: [String], package: String) -> [Violation] {
        let names = paths.filter { $0.hasPrefix("Schema/") && $0.hasSuffix(".sql") }.sorted()
            .map { $0.parts[1] }
        return names.enumerated().flatMap { index, name -> [Violation] in
            let path = "Schema/\(name)"
            let digits = String(index + 1)
            let number = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
            var violations: [Violation] = []
            if !name.hasPrefix(number + "_") {
                let message = "the next migration is \(number)_"
                violations.append(Violation(path: path, line: 1, message: message))
            }
            if !package.contains("\"\(name)\"") {
                let message = "Package.swift does not embed it"
                violations.append(Violation(path: path, line: 1, message: message))
            }
            return violations
        }
    }

    /// The program applies every migration, in order.
    ///
    /// Its place in the list is the number under which the program knows it.
    static func appliedMigrations(_ paths: [String], program: String) -> [Violation] {
        let files = paths.filter { $0.hasPrefix("Schema/") && $0.hasSuffix(".sql") }.sorted()
            .map { $0.parts[1] }
        let applied = program.split { !($0.isLetter || $0.isNumber || $0 == "_") }
            .filter { $0.hasPrefix("_") && $0.hasSuffix("_sql") }
        // The compiler's name for an embedded file begins with no digit.
        let expected = files.map { "_" + $0.dropFirst().dropLast(4) + "_sql" }
        guard applied.map(String.init) != expected else { return [] }
        let message = "names other migrations than the folder holds, or in another order"
        return [Violation(path: "Schema/Migration.swift", line: 1, message: message)]
    }

    /// What the build resolved is not below a version that a paper names as `name ≥ 1.2.3`.
    static func resolvedFloors(_ resolved: [String: String], paper: SourceFile) -> [Violation] {
        func numbers(_ version: Substring) -> [Int] {
            version.split(separator: ".").compactMap { Int($0) }
        }
        return paper.lines.enumerated().flatMap { index, line in
            line.matches(of: /([a-z][a-z0-9-]+) ≥ ([0-9]+\.[0-9]+\.[0-9]+)/).compactMap { match in
                guard let found = resolved[String(match.1)],
                    numbers(found[...]).lexicographicallyPrecedes(numbers(match.2))
                else { return nil }
                return paper.violation(index + 1, "\(match.1) was resolved to \(found)")
            }
        }
    }

    /// Versions below which a dependency has a defect that we would inherit.
    static func floors(package: String) -> [Violation] {
        let floors = [
            (name: "apple/swift-nio", floor: [2, 100, 0])
        ]
        return floors.compactMap { name, floor in
            let line = package.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
                .first { $0.element.contains("\(name)\"") }
            let version = line?.element.split(separator: "from: \"").last?
                .split(separator: "\"").first?.split(separator: ".").map { Int($0) ?? 0 }
            if let version, !version.lexicographicallyPrecedes(floor) { return nil }
            let wanted = floor.map(String.init).joined(separator: ".")
            return Violation(
                path: "Package.swift",
                line: (line?.offset ?? 0) + 1,
                message: "\(name) must be named with a version from \(wanted)"
            )
        }
    }

    /// The functions on the way of a data item, as a paper lists them, are declared where it says.
    ///
    /// `Type.member` must stand in a Swift file that has both words, `schema.function` in SQL.
    static func ways(_ paper: SourceFile, _ files: [SourceFile]) -> [Violation] {
        let start = paper.lines.firstIndex { $0.hasPrefix("## The way of a data item") }
        guard let start else { return [paper.violation(1, "the way of a data item is missing")] }
        let section = paper.lines[(start + 1)...].prefix { !$0.hasPrefix("## ") }
        return section.indices.flatMap { index in
            paper.lines[index].split(separator: "`", omittingEmptySubsequences: false)
                .enumerated().filter { !$0.offset.isMultiple(of: 2) }.map(\.element)
                .filter { span in !span.contains(where: { !$0.isLetter && !"._".contains($0) }) }
                .filter { span in
                    let parts = span.split(separator: ".").map(String.init)
                    return parts.count == 2 && !files.contains { $0.declares(parts[0], parts[1]) }
                }
                .map { paper.violation(index + 1, "\($0) is not in the source") }
        }
    }

    /// What a build makes is not kept in the repository.
    static func tracked(_ paths: [String]) -> [Violation] {
        paths.filter { $0.parts[0].hasPrefix(".build") || $0.parts.last == "Package.resolved" }
            .map { Violation(path: $0, line: 1, message: "is made by a build; git rm --cached it") }
    }

    private struct TopName: Hashable {
        let name: String
        let isFolder: Bool
    }
}

extension String {
    /// The names in a path.
    fileprivate var parts: [String] { split(separator: "/").map(String.init) }
}

extension SourceFile {
    /// Whether it declares a function or initialiser in a type or an extension of it, or in a
    /// schema.
    fileprivate func declares(_ owner: String, _ name: String) -> Bool {
        guard isSwift else {
            return path.hasSuffix(".sql") && text.contains("function \(owner).\(name)(")
        }
        let owners = ["struct", "class", "enum", "actor", "extension"]
        let isInit = name == "init"
        return owners.contains { !occurrences(of: $0, owner).isEmpty }
            && (isInit
                ? !occurrences(of: "init").isEmpty
                : ["func", "var"].contains { !occurrences(of: $0, name).isEmpty })
    }
}
