/// What every target may import: it comes with the toolchain.
private let toolchain: Set = [
    "Dispatch", "Foundation", "FoundationEssentials", "Glibc", "Musl", "Synchronization", "Testing",
]

extension ProjectRules {
    /// A target declares what it imports, and imports what it declares.
    ///
    /// An executable is declared by tests that run it. A product is named after its module.
    static func dependencies(_ manifest: Manifest, _ files: [SourceFile]) -> [Violation] {
        let programs = Set(manifest.targets.filter(\.isExecutable).map(\.name))
        return manifest.targets.flatMap { target -> [Violation] in
            let own = files.filter { $0.isSwift && $0.stands(in: target.folder + "/") }
            let imported = Set(own.flatMap { $0.imports.map(\.module) })
            let declared = Set(target.dependencies)
            let undeclared = imported.subtracting(declared).subtracting(toolchain).sorted()
            let unused = declared.subtracting(imported).subtracting(programs).sorted()
            return undeclared.map { name in
                let file = own.first { $0.imports.contains { $0.module == name } }
                let line = file?.imports.first { $0.module == name }?.line
                return Violation(
                    path: file?.path ?? target.folder,
                    line: line ?? 1,
                    message: "\(target.name) imports \(name), which Package.swift does not say"
                )
            }
                + unused.map { name in
                    Violation(
                        path: "Package.swift",
                        line: 1,
                        message: "\(target.name) declares \(name) and does not import it"
                    )
                }
        }
    }

    /// Dependencies point downwards: a target depends only on targets above it in the README's map.
    static func layers(_ manifest: Manifest, readme: String) -> [Violation] {
        let order = folders(inMap: readme)
        func place(_ target: Manifest.Target) -> Int? {
            target.folder.split(separator: "/").last.flatMap { order.firstIndex(of: String($0)) }
        }
        return manifest.targets.flatMap { target -> [Violation] in
            guard let own = place(target) else {
                let message = "\(target.name) has no place in the map in README.md"
                return [Violation(path: target.folder, line: 1, message: message)]
            }
            return manifest.targets.filter { below in
                target.dependencies.contains(below.name) && (place(below) ?? -1) >= own
            }.map { below in
                Violation(
                    path: "Package.swift",
                    line: 1,
                    message: "\(target.name) depends on \(below.name), which the map has below it"
                )
            }
        }
    }

    /// The folders that have a line of their own in the map, from above.
    private static func folders(inMap readme: String) -> [String] {
        readme.split(separator: "\n").compactMap { line in
            guard let word = line.split(separator: " ").first, word.hasSuffix("/") else {
                return nil
            }
            let name = word.dropLast()
            return name.contains("/") ? nil : String(name)
        }
    }
}
