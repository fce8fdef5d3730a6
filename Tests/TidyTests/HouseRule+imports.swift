extension HouseRule {
    static let imports = [
        HouseRule(
            name: "only Postgres touches libpq",
            kept: [("Sources/Postgres/A.swift", "internal import CLibPQ")],
            broken: [("Sources/LedgerStore/A.swift", "package import CLibPQ")]
        ) { file in
            guard !file.stands(in: "Sources/Postgres/") else { return [] }
            return file.imports("CLibPQ", "use the Postgres module")
        },
        HouseRule(
            name: "only HTMLPages knows Mustache, whose own way to escape has holes",
            kept: [("Sources/HTMLPages/A.swift", "internal import Mustache")],
            broken: [("Sources/LedgerCommand/A.swift", "import Mustache")]
        ) { file in
            guard !file.stands(in: "Sources/HTMLPages/") else { return [] }
            return file.imports("Mustache", "use HTMLTemplates")
        },
        HouseRule(
            name: "only the HTTP targets know the web framework",
            kept: [
                ("Sources/LedgerAPI/A.swift", "import Hummingbird"),
                ("Tests/LedgerAPITests/A.swift", "@testable import Hummingbird"),
            ],
            broken: [
                ("Sources/LedgerStore/A.swift", "import Hummingbird"),
                ("Sources/HumanConnect/A.swift", "import struct Hummingbird.Request"),
                ("Sources/ConnectFlow/A.swift", "internal import HTTPTypes"),
            ]
        ) { file in
            let known = file.stands(
                in: "Sources/BoundedServer/",
                "Sources/LedgerAPI/",
                "Sources/HumanConnectSandbox/",
                "Sources/Witness/",
                "Sources/LedgerCommand/",
                "Tests/"
            )
            let message = "this belongs into an HTTP target"
            return known
                ? []
                : file.imports("Hummingbird", message) + file.imports("HTTPTypes", message)
        },
        HouseRule(
            name: "the domain imports Wire alone, and Wire nothing",
            kept: [
                ("Sources/Ledger/A.swift", "let `import` = 1 // import Foundation"),
                ("Sources/Ledger/A.swift", "internal import Wire"),
                ("Sources/LedgerStore/A.swift", "import Foundation"),
            ],
            broken: [
                ("Sources/Ledger/A.swift", "let a = 1\npackage import Foundation"),
                ("Sources/Wire/A.swift", "import Foundation"),
            ]
        ) { file in
            guard file.stands(in: "Sources/Ledger/", "Sources/Wire/") else { return [] }
            let allowed: Set = file.stands(in: "Sources/Ledger/") ? ["Wire"] : []
            return file.imports(nil, except: allowed, "this is pure; move it elsewhere")
        },
    ]
}

extension SourceFile {
    /// Imports of a module, or of any when none is named.
    fileprivate func imports(
        _ module: String?,
        except allowed: Set<String> = [],
        _ message: String
    ) -> [Violation] {
        imports.filter { module == nil || $0.module == module }
            .filter { !allowed.contains($0.module) }
            .map { violation($0.line, "import \($0.module): \(message)") }
    }
}
