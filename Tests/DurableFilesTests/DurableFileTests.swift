import DurableFiles
import Foundation
import Testing

@Suite("Durable files", .timeLimit(.minutes(5)))
struct DurableFileTests {
    /// Lends a folder and removes it.
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("token-ledger-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test("a file is made, then replaced, and nothing else is left in the folder")
    func replacing() throws {
        try withFolder { folder in
            let path = folder + "/file"
            try DurableFile.replace(path, with: [1, 2], readers: .everybody)
            #expect(FileManager.default.contents(atPath: path) == Data([1, 2]))
            #expect(try mode(path) == 0o644)
            let large = [UInt8](repeating: 7, count: 3_000_000)
            try DurableFile.replace(path, with: large, readers: .owner)
            #expect(FileManager.default.contents(atPath: path) == Data(large))
            #expect(try mode(path) == 0o600)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["file"])
        }
    }

    @Test("a draft that a crash left behind is written over, and its mode with it")
    func leftDraft() throws {
        try withFolder { folder in
            let draft = folder + "/file.new"
            try Data("a longer draft than the file".utf8).write(to: URL(fileURLWithPath: draft))
            try DurableFile.replace(folder + "/file", with: [1], readers: .owner, draft: draft)
            #expect(FileManager.default.contents(atPath: folder + "/file") == Data([1]))
            #expect(try mode(folder + "/file") == 0o600)
            #expect(!FileManager.default.fileExists(atPath: draft))
        }
    }

    @Test("what cannot be replaced stays, and no draft is left")
    func failing() throws {
        try withFolder { folder in
            let path = folder + "/folder"
            try FileManager.default.createDirectory(
                atPath: path + "/full",
                withIntermediateDirectories: true
            )
            #expect(throws: FileError.self) {
                try DurableFile.replace(path, with: [1], readers: .owner)
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["folder"])
            let error = #expect(throws: FileError.self) {
                try DurableFile.replace(folder + "/none/file", with: [1], readers: .owner)
            }
            #expect(error?.description.contains("No such file or directory") == true)
        }
    }

    @Test("a link in the draft's place is not followed")
    func link() throws {
        try withFolder { folder in
            let victim = folder + "/victim"
            try Data("kept".utf8).write(to: URL(fileURLWithPath: victim))
            let draft = folder + "/file.new"
            try FileManager.default.createSymbolicLink(
                atPath: draft,
                withDestinationPath: victim
            )
            #expect(throws: FileError.self) {
                try DurableFile.replace(folder + "/file", with: [1], readers: .owner, draft: draft)
            }
            #expect(FileManager.default.contents(atPath: victim) == Data("kept".utf8))
        }
    }

    @Test("a new file never takes another's place")
    func creating() throws {
        try withFolder { folder in
            let path = folder + "/file"
            try DurableFile.create(path, with: [1], readers: .owner)
            #expect(throws: FileError.self) {
                try DurableFile.create(path, with: [2], readers: .owner)
            }
            #expect(FileManager.default.contents(atPath: path) == Data([1]))
        }
    }

    @Test("a folder has one lock at a time")
    func locking() throws {
        try withFolder { folder in
            let path = folder + "/state"
            var lock: FolderLock? = try FolderLock(folder: path)
            #expect(throws: FileError.locked(path: path)) { try FolderLock(folder: path) }
            #expect(lock != nil)
            lock = nil
            _ = try FolderLock(folder: path)
            #expect(try mode(path) == 0o700)
        }
    }
}
