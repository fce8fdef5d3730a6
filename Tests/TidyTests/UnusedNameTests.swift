import Testing

@Suite("dead code")
struct UnusedNameTests {
    /// Names that nothing in the source uses, each with who does.
    private static let exceptions = [
        "InboundIn": "NIO, of a channel handler",
        "InboundOut": "NIO, of a channel handler",
        "OutboundIn": "NIO, of a channel handler",
        "OutboundOut": "NIO, of a channel handler",
        "channelActive": "NIO, of a channel handler",
        "handlerAdded": "NIO, of a channel handler",
        "handlerRemoved": "NIO, of a channel handler",
        "channelReadComplete": "NIO, of a channel handler",
        "channelWritabilityChanged": "NIO, of a channel handler",
        "connectionOpened": "Hummingbird, of who counts connections",
        "isAcceptingNewConnections": "Hummingbird, of who counts connections",
        "setup": "Hummingbird, for each connection",
        "userInboundEventTriggered": "NIO, of a channel handler",
        "channelInactive": "NIO, of a channel handler",
        "channelRead": "NIO, of a channel handler",
        "errorCaught": "NIO, of a channel handler",
        "validate": "ArgumentParser",
        "checkIsolated": "the runtime, of an executor",
        "unownedExecutor": "the runtime, of an actor",
        "customMirror": "dump and the debugger, which must not show secrets",
        "debugDescription": "the debugger and test reports",
        "legalClaim": "who writes the word as a flag",
        "authorityOrder": "who writes the word as a flag",
        "audit": "who writes the word as a flag",
        "supportRequest": "who chooses the word in a form",
        "incident": "who chooses the word in a form",
        "disclosure": "who chooses the word in a form",
        "escapeText": "swift-mustache, of each value of a page",
        "consoleRoutes": "tests that know every page",
        // What lower rooms offer and only tests have needed so far.
        "bundlesGrown": "who reads a log by its tiles, as the tests do",
        "checkViolation": "tests that name the SQLSTATE they expect",
        "undefinedFunction": "tests that name the SQLSTATE they expect",
        "subtreesNeeded": "says what a frontier is made of; a test compares",
    ]

    @Test("whatever is declared is used")
    func tree() throws {
        let files = try SourceTree.sourceFiles.get()
        record(UnusedNames.find(in: files, exceptions: Self.exceptions))
    }

    private func unused(_ files: (String, String)..., except names: String...) -> [String] {
        UnusedNames.find(
            in: files.map { SourceFile($0, $1) },
            exceptions: Dictionary(uniqueKeysWithValues: names.map { ($0, "a reason") })
        ).map(\.description)
    }

    @Test("a name is used in code, in interpolated text or by another file")
    func uses() {
        let declarations = "enum A { case b(Int), c = 1 }\nfunc d(_ e: Int) {}\nlet f = 1"
        #expect(
            unused(("Sources/A/A.swift", declarations + "\nlet g = \"\\(A.b + c + d + f + g)\""))
                .isEmpty
        )
        #expect(
            unused(("Sources/A/A.swift", declarations), ("Schema/A.swift", "A b c d f")).isEmpty
        )
        // Patterns and labels declare nothing.
        #expect(
            unused(
                ("Sources/A/A.swift", "switch a { case b, c(1): d\ncase let e: e\ncase F.g: h }")
            )
            .isEmpty
        )
    }

    @Test("a name that only its declarations spell is dead; one that tests spell is told apart")
    func dead() {
        let file = ("Sources/A/A.swift", "let a = \"b\" // a\nenum B { case a }\nprint(B.self)")
        #expect(
            unused(file) == [
                "Sources/A/A.swift:1: a is never used; delete it, or list who uses it",
                "Sources/A/A.swift:2: a is never used; delete it, or list who uses it",
            ]
        )
        #expect(
            unused(file, ("Tests/A/A.swift", "a; func c() {}")).first
                == "Sources/A/A.swift:1: only tests use a; move it there, or list the reason"
        )
        #expect(unused(file, except: "a").isEmpty)
        let library =
            "public struct B { public static let c = 1\nlet d = 1 }\npublic enum E { case f }"
        #expect(unused(("Sources/TokenLedgerClient/A.swift", library)).count == 1)
        #expect(unused(("Sources/A/A.swift", library)).count == 5)
        #expect(unused(file, except: "a", "B", "z").count == 2)
    }
}
