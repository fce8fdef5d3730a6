import Foundation
import Ledger
@testable import LedgerImport
import LedgerStore
import Synchronization
import TestSupport
import Testing

@Suite("what is imported is what was checked", .timeLimit(.minutes(5)))
struct ImportRunTests {
    private func append(_ text: String, to path: String) throws {
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(text.utf8))
        try handle.close()
    }

    @discardableResult
    private func withFile<Value>(
        _ lines: String = "a,ha,pa,aa\n",
        _ body: (String, ImportFile) async throws -> Value
    ) async throws -> Value {
        let path = NSTemporaryDirectory() + "import-" + UUID().uuidString
        _ = FileManager.default.createFile(
            atPath: path,
            contents: Data("clientUserId,humanId,publicToken,accessToken\n\(lines)".utf8),
            attributes: [.posixPermissions: 0o600]
        )
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try await body(path, try ImportFile(path))
    }

    @Test("a file that changes while it is checked, or taken over, is refused")
    func changed() async throws {
        try await TestStore.run { test in
            let folder = NSTemporaryDirectory()
            func check(
                _ file: ImportFile,
                progress: (Int64, Int64) -> Void = { _, _ in }
            ) async throws -> ImportPlan {
                try await ImportCheck.run(
                    file,
                    of: test.app,
                    in: test.store,
                    folder: folder,
                    progress: progress
                )
            }
            try await withFile { path, file in
                await #expect(throws: ImportError.changed) {
                    _ = try await check(file) { _, _ in
                        try? append("b,hb,pb,ab\n", to: path)
                    }
                }
            }
            try await withFile { path, file in
                let plan = try await check(file)
                await #expect(throws: ImportError.changed) {
                    _ = try await ImportRun.run(
                        file,
                        plan,
                        of: test.app,
                        in: test.store,
                        context: TestStore.context
                    ) { _, _ in try? append("b,hb,pb,ab\n", to: path) }
                }
                // What was taken over until then counts.
                let user = try await test.store.user(Secret("a"), of: test.app)
                #expect(user != nil)
            }
        }
    }

    private func check(_ file: ImportFile, _ test: TestStore) async throws -> ImportPlan {
        try await ImportCheck.run(
            file,
            of: test.app,
            in: test.store,
            folder: NSTemporaryDirectory()
        ) { _, _ in }
    }

    private func run(
        _ file: ImportFile,
        _ plan: ImportPlan,
        in store: LedgerStore,
        _ test: TestStore
    ) async throws -> ImportRun.Result {
        try await ImportRun.run(
            file,
            plan,
            of: test.app,
            in: store,
            context: TestStore.context
        ) { _, _ in }
    }

    /// Checks a file, waits until so many others were checked as well, and takes over its users.
    private func checkThenRun(
        _ lines: String,
        in store: LedgerStore,
        _ meeting: Meeting,
        _ test: TestStore
    ) async throws -> ImportRun.Result {
        try await withFile(lines) { _, file in
            let plan = try await check(file, test)
            #expect(plan.bad == 0 && plan.present == 0)
            try await meeting.wait()
            return try await run(file, plan, in: store, test)
        }
    }

    @Test(
        "of two that were checked and write at once, one gives a token or a person to its user",
        arguments: [
            ("h1 %,p %,a1 %", "h2 %,p %,a2 %", ImportRefusal.tokenTaken),
            ("h1 %,p1 %,a %", "h2 %,p2 %,a %", .tokenTaken),
            ("h %,p1 %,a1 %", "h %,p2 %,a2 %", .personTaken),
        ]
    )
    func rivals(first: String, second: String, refusal: ImportRefusal) async throws {
        let count = 40
        func lines(_ name: String, _ values: String) -> String {
            (0..<count).map { "\(name) \($0),\(values.replacing("%", with: "\($0)"))\n" }.joined()
        }
        let files = [lines("one", first), lines("two", second)]
        try await TestStore.run { test in
            try await test.another { other in
                let stores = [test.store, other]
                let meeting = Meeting(of: files.count)
                let results = try await withThrowingTaskGroup(of: ImportRun.Result.self) { group in
                    for (file, store) in zip(files, stores) {
                        group.addTask {
                            try await checkThenRun(file, in: store, meeting, test)
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                let flaws = results.flatMap { $0.refused.map(\.flaw) }
                #expect(results.reduce(0) { $0 + $1.taken } == Int64(count))
                #expect(flaws == Array(repeating: .refused(refusal), count: count))
            }
        }
    }

    @Test(
        "a token that somebody gets after the check is nobody else's; one that was replaced may be"
    )
    func meanwhile() async throws {
        try await TestStore.run { test in
            try await withFile("a,ha,pa,access b\nc,hc,public b,ac\nd,hd,pd,access e\n") {
                _,
                file in
                let plan = try await check(file, test)
                #expect(plan.new == 3)
                _ = try await test.connectedUser("b")
                let user = try await test.connectedUser("e")
                let change = test.connection(
                    of: user,
                    human: "human e",
                    accessToken: "access 2",
                    publicToken: "public 2"
                )
                _ = try await test.store.write(change, to: user)
                let result = try await run(file, plan, in: test.store, test)
                #expect(result.taken == 1)
                #expect(result.refused.map(\.line).sorted() == [2, 3])
                #expect(result.refused.allSatisfy { $0.flaw == .refused(.tokenTaken) })
                #expect(try await test.store.user(Secret("a"), of: test.app) == nil)
                #expect(try await test.user("d").state.status == .connected)
            }
        }
    }
}

/// Nobody goes on before all are there.
private final class Meeting: Sendable {
    private let missing: Mutex<Int>

    init(of count: Int) {
        missing = Mutex(count)
    }

    func wait() async throws {
        missing.withLock { $0 -= 1 }
        while missing.withLock({ $0 > 0 }) { try await Task.sleep(for: .milliseconds(5)) }
    }
}
