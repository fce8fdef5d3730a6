import Foundation
import Testing
import Vault

@Suite("The root key", .timeLimit(.minutes(5)))
struct RootKeyTests {
    private func withFile(_ content: String?, _ body: (String) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("token-ledger-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        if let content {
            try #require(
                FileManager.default.createFile(
                    atPath: path,
                    contents: Data(content.utf8),
                    attributes: [.posixPermissions: 0o600]
                )
            )
        }
        try body(path)
    }

    @Test(
        "64 hexadecimal digits are a key, with or without a line end",
        arguments: ["", "\n", "\r\n", " \n"]
    )
    func reading(end: String) throws {
        try withFile(String(repeating: "0aF9", count: 16) + end) { path in
            let key = try RootKey(file: path)
            #expect(
                key.id
                    == RootKey(bytes: Array(repeating: [0x0A, 0xF9], count: 16).flatMap { $0 }).id
            )
        }
    }

    @Test(
        "anything else is refused, and not quoted",
        arguments: [
            "", "MARKER", String(repeating: "0", count: 63), String(repeating: "0", count: 65),
            String(repeating: "g", count: 64), "0x" + String(repeating: "0", count: 62),
            String(repeating: "00 ", count: 32), String(repeating: "é", count: 32),
            String(repeating: "0", count: 32) + "\n" + String(repeating: "0", count: 32),
        ]
    )
    func malformed(content: String) throws {
        try withFile(content) { path in
            let error = #expect(throws: VaultError.rootKeyMalformed(path: path)) {
                try RootKey(file: path)
            }
            #expect(error?.description.contains("MARKER") == false)
        }
    }

    @Test("a file that others may read or write is refused; a group may read it, which is told")
    func permissions() throws {
        try withFile(String(repeating: "0a", count: 32)) { path in
            for mode in 0..<0o1000 where mode & 0o400 != 0 {
                try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
                if mode & 0o027 == 0 {
                    let key = try RootKey(file: path)
                    #expect(key.isOpenToGroup == (mode & 0o040 != 0), "\(mode)")
                } else {
                    #expect(throws: VaultError.rootKeyOpenToOthers(path: path), "\(mode)") {
                        try RootKey(file: path)
                    }
                }
            }
        }
        #expect(throws: VaultError.rootKeyUnreadable(path: "/")) { try RootKey(file: "/") }
    }

    @Test("a missing file is named")
    func missing() throws {
        try withFile(nil) { path in
            #expect(throws: VaultError.rootKeyUnreadable(path: path)) { try RootKey(file: path) }
        }
    }

    @Test("a new key is in a file for its owner alone, and never replaces another")
    func creation() throws {
        try withFile(nil) { path in
            try RootKey.create(file: path)
            let first = try RootKey(file: path)
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            #expect(throws: VaultError.rootKeyUnreadable(path: path)) {
                try RootKey.create(file: path)
            }
            #expect(try RootKey(file: path).id == first.id)
        }
    }
}
