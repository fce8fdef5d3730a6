import Foundation
import Ledger
@testable import LedgerImport
import LedgerStore
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

    private func withFile(_ body: (String, ImportFile) async throws -> Void) async throws {
        let path = NSTemporaryDirectory() + "import-" + UUID().uuidString
        _ = FileManager.default.createFile(
            atPath: path,
            contents: Data("clientUserId,humanId,publicToken,accessToken\na,ha,pa,aa\n".utf8),
            attributes: [.posixPermissions: 0o600]
        )
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await body(path, try ImportFile(path))
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
}
