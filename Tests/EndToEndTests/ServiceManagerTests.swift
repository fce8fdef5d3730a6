import Foundation
import TestSupport
import Testing

/// What systemd and its like hear of the service, and what a shell and `man` get of the program.
@Suite("under a service manager", .serialized, .timeLimit(.minutes(5)))
struct ServiceManagerTests {
    private static let manager =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Notify/manager.py"

    @Test(
        "it is told when requests are taken, how it is, that it lives and that it ends",
        arguments: [false, true]
    )
    func notifies(isAbstract: Bool) async throws {
        let database = try await TestPostgres.freshDatabase()
        try await TestProgramFolder.lend { folder in
            let setup = try await TestServe.prepare(in: folder, owner: database.url)
            let address =
                isAbstract ? "@token-ledger-test-\(UUID())" : folder.path + "/notify.socket"
            let log = folder.path + "/manager"
            func heard() -> [String] {
                let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
                return text.split(separator: "\n").map(String.init)
            }
            func wait(_ holds: ([String]) -> Bool) async throws {
                while !holds(heard()) { try await Task.sleep(for: .milliseconds(50)) }
            }
            try await ChildProcess.run(["python3", Self.manager, address], log: log) {
                try await wait { $0 == ["bound"] }
                let told = ["NOTIFY_SOCKET": address, "WATCHDOG_USEC": "400000"]
                try await TestServe.run(setup.with(told)) { serve in
                    _ = try await serve.url
                    try await wait { lines in lines.count { $0 == "WATCHDOG=1" } > 3 }
                    let status = try await serve.readiness().status
                    #expect(status == 200)
                    try await wait { $0.contains("READY=1|STATUS=Requests are taken.") }
                    try await wait { $0.contains { $0.hasPrefix("STATUS=") } }
                }
                try await wait { $0.last?.hasPrefix("STOPPING=1|STATUS=") == true }
            }
        }
    }

    @Test("without a manager, or with one that is gone or meant for others, it serves all the same")
    func withoutManager() async throws {
        let database = try await TestPostgres.freshDatabase()
        try await TestProgramFolder.lend { folder in
            let setup = try await TestServe.prepare(in: folder, owner: database.url)
            for address in [
                "", "relative", "@", folder.path + "/nobody",
                "/" + String(repeating: "x", count: 200),
            ] {
                let told = ["NOTIFY_SOCKET": address, "WATCHDOG_USEC": "x"]
                try await TestServe.run(setup.with(told)) { serve in _ = try await serve.url }
            }
        }
    }

    @Test("completions for three shells are scripts that name every command")
    func completions() async throws {
        for shell in ["bash", "zsh", "fish"] {
            let script = try await TestProgram.output(of: ["--generate-completion-script", shell])
            for command in ["serve", "import", "restore", "root-key"] {
                #expect(script.contains(command), "\(shell) \(command)")
            }
        }
        let bash = try await TestProgram.run(
            "bash",
            [
                "-c",
                """
                . <("$0" --generate-completion-script bash); COMP_WORDS=(token-ledger imp); COMP_CWORD=1
                COMP_LINE='token-ledger imp' COMP_POINT=16; _token-ledger; echo "${COMPREPLY[@]}"
                """,
                try TestProgram.path,
            ]
        )
        #expect(bash.output.contains("import"), "\(bash.output) \(bash.messages)")
    }

    @Test("the manual page tells every command, and no word of it is taken for a request")
    func manual() async throws {
        let page = try await TestProgram.output(of: ["man"])
        let lines = page.split(separator: "\n").map(String.init)
        for command in [
            "serve", "import", "restore check", "api-key rotate", "bench append", "man",
        ] {
            #expect(lines.contains(".Ss token-ledger \(command)"), "\(command)")
        }
        let foreign = page.utf8.filter { $0 >= 0x80 }
        #expect(foreign.isEmpty)
        let known: Set = [
            ".Dd", ".Dt", ".Os", ".Sh", ".Ss", ".Nm", ".Nd", ".Bd", ".Ed", ".Pp",
        ]
        for line in lines where line.hasPrefix(".") || line.hasPrefix("'") {
            #expect(known.contains(String(line.prefix { $0 != " " })), "\(line)")
        }
    }
}
