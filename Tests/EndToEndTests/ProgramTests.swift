import Testing
import TestSupport

/// Serialized: each test starts a whole program with a PostgreSQL of its own.
@Suite("the program as a whole", .serialized, .timeLimit(.minutes(5)))
struct ProgramTests {
    @Test("dev continues where it was, with the same keys, tokens and pages")
    func continues() async throws {
        let user = "again@example.com"
        try await TestProgramFolder.lend { folder in
            let (ready, tokens) = try await TestProgram.run(in: folder) { program in
                try await Visitor.visit(program, as: user) { visitor in
                    try await visitor.open()
                    try await visitor.connect(["band"])
                }
                return (program.ready, try await program.tokens(of: user))
            }
            try await folder.waitUntilQuiet()
            try await TestProgram.run(in: folder) { program in
                #expect(program.ready.apiKeys == ready.apiKeys)
                #expect(program.ready.clientID == ready.clientID)
                #expect(program.ready.demoURL == ready.demoURL)
                #expect(program.ready.sandboxURL == ready.sandboxURL)
                #expect(try await program.tokens(of: user) == tokens)
                try await Visitor.visit(program, as: user) { visitor in
                    try await visitor.open()
                    #expect(try await visitor.sources() == ["band"])
                    try await visitor.connect(["watch"])
                }
                let story = Story(program: program, user: user)
                #expect(try await story.types() == Story.boundCreate + Story.boundEdit)
                try await story.checkTokens(access: 2, public: 2, sources: ["band", "watch"])
            }
        }
    }

    @Test("a killed dev leaves no PostgreSQL behind, and its data is whole")
    func survivesKill() async throws {
        let user = "survivor@example.com"
        try await TestProgramFolder.lend { folder in
            let tokens = try await TestProgram.run(in: folder, ending: .kill) { program in
                try await Visitor.visit(program, as: user) { visitor in
                    try await visitor.open()
                    try await visitor.connect(["clinic"])
                }
                #expect(folder.processes().contains("postgres"))
                return try await program.tokens(of: user)
            }
            try await folder.waitUntilQuiet()
            try await TestProgram.run(in: folder) { program in
                #expect(try await program.tokens(of: user) == tokens)
                let story = Story(program: program, user: user)
                #expect(try await story.types() == Story.boundCreate)
                try await story.checkTokens(access: 1, public: 1, sources: ["clinic"])
            }
        }
    }

    @Test("a kill during the exchange leaves nobody behind: reconnect, in edit mode, and no twin")
    func killedExchange() async throws {
        let user = "sandbox_slow survivor"
        try await TestProgramFolder.lend { folder in
            try await TestProgram.run(in: folder, ending: .kill) { program in
                try await program.connect(user, source: "clinic")
                try await program.beginConnecting(user, source: "lab")
            }
            try await folder.waitUntilQuiet()
            try await TestProgram.run(in: folder) { program in
                let story = Story(program: program, user: user)
                while try await story.types().last != "finalize.abandoned" {
                    try await Task.sleep(for: .seconds(1))
                }
                #expect(
                    try await story.types().suffix(4) == [
                        "exchange.dispatched", "finalize.unresolved", "public_token.recovered",
                        "finalize.abandoned",
                    ]
                )
                #expect(try await program.tokens(of: user)["status"]?.string == "broken")
                try await program.connect(user, source: "pharmacy")
                #expect(try await program.tokens(of: user)["status"]?.string == "connected")
                #expect(try await story.types().contains("launch.failed") == false)
            }
        }
    }

    @Test("demo plays all of it, tells what it did, and ends with 0")
    func demo() async throws {
        let transcript = try await TestProgram.output(of: ["demo"])
        for step in [
            "1. The user connects for the first time",
            "\"User Already Exists\"",
            "The next launch recovers the public token by itself",
            "Everything held",
        ] {
            #expect(transcript.contains(step), "\(step)")
        }
        #expect(!transcript.contains("✗"))
    }
}
