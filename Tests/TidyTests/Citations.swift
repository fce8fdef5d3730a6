/// What comments and papers cite: a paper of this project, and a heading or an id in it.
///
/// Whoever clones the project has only the project, so nothing else can be looked up.
struct Citations {
    /// The anchors of each paper, by its path.
    private let anchors: [String: Set<String>]

    /// Takes all files of the project.
    init(_ files: [SourceFile]) {
        var anchors: [String: Set<String>] = [:]
        for file in files where file.path.hasSuffix(".md") {
            anchors[file.path] = Self.anchors(of: file)
        }
        self.anchors = anchors
    }

    /// Citations that lead nowhere, and those of papers that are not in the project.
    func violations(in file: SourceFile) -> [Violation] {
        let isPaper = file.path.hasSuffix(".md")
        return file.lines.enumerated().flatMap { index, line -> [Violation] in
            var found = Self.paths(in: line).map { ($0, $0) }
            if isPaper { found += Self.links(in: line).map { ($0, resolved($0, from: file.path)) } }
            var violations = found.filter { !leads(to: $0.1) }.map {
                file.violation(index + 1, "\($0.0) is not in the project")
            }
            if !isPaper, Self.citesElsewhere(line) {
                violations.append(
                    file.violation(index + 1, "cite a paper in docs, as docs/threats.md#t17")
                )
            }
            return violations
        }
    }

    private func leads(to target: String) -> Bool {
        let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let path = String(parts[0])
        guard path.hasSuffix(".md") else { return true }
        guard let known = anchors[path] else { return false }
        return parts.count == 1 || known.contains(String(parts[1]))
    }

    /// A link of a paper as a path from the top.
    private func resolved(_ link: String, from path: String) -> String {
        if link.hasPrefix("#") { return path + link }
        var parts = path.split(separator: "/").dropLast().map(String.init)
        for part in link.split(separator: "/") {
            switch part {
            case "..": _ = parts.popLast()
            case ".": break
            default: parts.append(String(part))
            }
        }
        return parts.joined(separator: "/")
    }

    // MARK: Reading

    /// The words of a line that are paths of papers below `docs/`, with their anchors.
    private static func paths(in line: Substring) -> [String] {
        line.split { !($0.isASCII && ($0.isLetter || $0.isNumber || "/._-#".contains($0))) }
            .filter { $0.hasPrefix("docs/") && $0.contains(".md") }
            .map { word in
                var word = word
                while let last = word.last, ".#".contains(last) { word.removeLast() }
                return String(word)
            }
    }

    /// The targets of a line's links that do not lead to the web.
    private static func links(in line: Substring) -> [String] {
        line.components(separatedBy: "](").dropFirst().compactMap { rest in
            guard let target = rest.split(separator: ")").first, !target.contains("://") else {
                return nil
            }
            return String(target)
        }
    }

    /// Whether a comment names a paper that the project does not have: a section of "the design",
    /// a number of "the threats", a section of "the contract".
    private static func citesElsewhere(_ line: Substring) -> Bool {
        let words = line.lowercased().split { !($0.isLetter || $0.isNumber || $0 == ".") }
        for (word, next) in zip(words, words.dropFirst()) {
            let isNumber = next.first?.isNumber == true || next == "section"
            let isCode =
                next.count > 1 && "tfgip".contains(next.first ?? " ")
                && next.dropFirst().allSatisfy(\.isNumber)
            switch word {
            case "contract", "design": if isNumber { return true }
            case "threats", "faults": if isNumber || isCode { return true }
            default: break
            }
        }
        return line.contains("(T")
            && line.split(separator: "(").dropFirst().contains { rest in
                let code = rest.dropFirst().prefix { $0.isNumber }
                return rest.hasPrefix("T") && !code.isEmpty
                    && rest.dropFirst(1 + code.count).hasPrefix(")")
            }
    }

    /// The headings of a paper as GitHub names them, and the ids that stand in it.
    private static func anchors(of file: SourceFile) -> Set<String> {
        var anchors: Set<String> = []
        var isCode = false
        for line in file.lines {
            if line.hasPrefix("```") { isCode.toggle() }
            guard !isCode else { continue }
            for rest in line.components(separatedBy: "id=\"").dropFirst() {
                if let id = rest.split(separator: "\"").first { anchors.insert(String(id)) }
            }
            let level = line.prefix { $0 == "#" }.count
            guard (1...6).contains(level), line.dropFirst(level).hasPrefix(" ") else { continue }
            let slug = slug(of: line.dropFirst(level + 1))
            // A heading that repeats gets a number.
            var name = slug
            var count = 0
            while !anchors.insert(name).inserted {
                count += 1
                name = "\(slug)-\(count)"
            }
        }
        return anchors
    }

    private static func slug(of heading: Substring) -> String {
        String(
            heading.lowercased().compactMap { character in
                if character == " " { return "-" }
                return character.isLetter || character.isNumber || "-_".contains(character)
                    ? character : nil
            }
        )
    }
}

extension StringProtocol {
    /// The parts between a separating text; the first stands before the first separator.
    fileprivate func components(separatedBy separator: String) -> [String] {
        var parts: [String] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return parts + [String(rest)]
    }
}
