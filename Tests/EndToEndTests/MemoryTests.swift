import Foundation
import Glibc
import TestSupport
import Testing

/// What another process of the same user gets of the service's memory (docs/threats.md#t26).
@Suite("the service's memory", .timeLimit(.minutes(5)))
struct MemoryTests {
    /// Root may look into everything as long as it has its rights; without them it is a user like
    /// others.
    ///
    /// The folder of the database's socket stays open to it. The rights are taken from those who are
    /// looked at too, for nobody may look into a process that may more.
    private static let asOrdinaryUser =
        geteuid() == 0
        ? ["setpriv", "--bounding-set=-all,+dac_override", "--inh-caps=-all"] : []

    /// What a debugger, and whatever writes a core of a process that runs (`gcore`), begins with.
    private static let look = """
        import ctypes, os, sys
        pid = int(sys.argv[1])
        libc = ctypes.CDLL(None, use_errno=True)
        libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
        def attach():
            if libc.ptrace(16, pid, None, None) != 0:
                raise OSError(ctypes.get_errno(), "ptrace")
            os.waitpid(pid, 0x40000000)
            libc.ptrace(17, pid, None, None)
        def read(name):
            with open(f"/proc/{pid}/{name}", "rb") as file:
                if name != "mem" and not file.read(1):
                    raise OSError(1, name)
        for name, action in [
            ("ptrace", attach), ("memory", lambda: read("mem")), ("maps", lambda: read("maps")),
            ("environment", lambda: read("environ")),
        ]:
            try:
                action()
                print(name, "open")
            except OSError:
                print(name, "closed")
        """

    private static let names = ["ptrace", "memory", "maps", "environment"]

    private func look(at process: Int32) async throws -> [String] {
        let command = Self.asOrdinaryUser + ["python3", "-c", Self.look, "\(process)"]
        let answer = try await TestProgram.run(command[0], Array(command.dropFirst()))
        try #require(answer.status == 0, "\(answer.messages)")
        return answer.output.split(separator: "\n").map(String.init)
    }

    @Test("no process of the same user may follow it, read it or make it write a core")
    func closed() async throws {
        try await TestProgramFolder.lend { folder in
            let database = try await TestPostgres.freshDatabase()
            let setup = try await TestServe.prepare(in: folder, owner: database.url)
            try await TestServe.run(setup, under: Self.asOrdinaryUser) { serve in
                #expect(try await serve.launch("alice").status == 201)
                for _ in 0..<100 { #expect(try await serve.get("/v1/users/alice").status == 200) }
                let seen = try await look(at: serve.process)
                #expect(seen == Self.names.map { $0 + " closed" })
                let limits = try serve.processFile("limits").split(separator: "\n")
                let core = try #require(limits.first { $0.hasPrefix("Max core file size") })
                #expect(core.split(separator: " ").dropFirst(4).prefix(2) == ["0", "0"])
                #expect(try await serve.launch("bob").status == 201, "it goes on")
            }
            try await control(folder)
        }
    }

    /// The same way of looking opens a process that keeps no secret of ours: the sandbox.
    private func control(_ folder: TestProgramFolder) async throws {
        try await TestCommand.run(
            ["sandbox", "--port", "0"],
            environment: ["TOKEN_LEDGER_CLIENT_SECRET": "secret"],
            log: folder.path + "/sandbox",
            under: Self.asOrdinaryUser
        ) { command in
            _ = try await command.ready { $0.contains("http://") ? true : nil }
            // Where the system lets nobody look into others, there is nothing to compare with.
            let scope = try? String(
                contentsOfFile: "/proc/sys/kernel/yama/ptrace_scope",
                encoding: .utf8
            )
            let isFree = (scope ?? "0").hasPrefix("0")
            let seen = try await look(at: command.process)
            #expect(!isFree || seen == Self.names.map { $0 + " open" }, "\(seen)")
        }
    }
}
