import Foundation
import Glibc
import Subprocess
import SystemPackage

/// A disk of a test's own: an ext4 filesystem in a file, which can lose its power and be full.
///
/// It takes root, and is gone with the tests even when they are killed.
package struct DiskImage: Sendable {
    /// Where it is mounted; everybody may enter, and root may write.
    package let folder: String
    private let file: String

    private var ballast: String { "\(folder)/ballast" }

    /// What makes the kernel write late, so that what nobody has synced is lost.
    ///
    /// `commit` is in seconds: only a sync commits. `noauto_da_alloc` leaves out the kernel's help
    /// for programs that rename a file without having synced it.
    private static let mountOptions = "loop,commit=3600,noatime,noinit_itable,noauto_da_alloc"
    /// Few inodes, and nothing that is written before it is needed.
    private static let formatOptions = [
        "-q", "-F", "-m", "0", "-N", "16384", "-E", "nodiscard,lazy_itable_init,lazy_journal_init",
    ]
    /// Waits for the end of its input, which also comes when the tests are killed.
    ///
    /// Whoever still works on the disk then keeps it until he is done.
    private static let keeper = """
        trap '' TERM INT HUP
        while read -r line; do :; done
        umount --lazy "$1"
        rm -f -- "$2"
        rmdir -- "$1" "$3"
        """
    /// Longer than a server may take to stop, for the keeper must not be ended before it.
    private static let keeperTimeMax = Duration.seconds(60)
    /// How long a process that was killed may keep its files.
    private static let unmountTimeMax = Duration.seconds(10)
    private static let unmountPause = Duration.milliseconds(5)
    private static let outputBytesMax = 64 << 10

    /// Lends an empty disk of a size in MiB.
    package static func run<Value: Sendable>(
        megabytes: Int = 512,
        _ body: (DiskImage) async throws -> Value
    ) async throws -> Value {
        guard geteuid() == 0 else { throw DiskImageError.notMountable("this is not root") }
        let parent = try newTemporaryFolder()
        let image = DiskImage(folder: "\(parent)/disk", file: "\(parent)/image")
        // The server's user must be able to pass, but only root looks into it.
        try FileManager.default.setAttributes([.posixPermissions: 0o711], ofItemAtPath: parent)
        try FileManager.default.createDirectory(
            atPath: image.folder,
            withIntermediateDirectories: false
        )
        var options = PlatformOptions()
        options.createSession = true
        options.teardownSequence = [
            .send(signal: .terminate, allowedDurationToNextStep: keeperTimeMax)
        ]
        let result = try await Subprocess.run(
            .path("/bin/sh"),
            arguments: ["-c", keeper, "sh", image.folder, image.file, parent],
            platformOptions: options,
            input: .inputWriter,
            output: .discarded,
            error: .discarded
        ) { execution in
            let outcome: Result<Value, any Error>
            do {
                try await image.make(megabytes)
                outcome = .success(try await body(image))
            } catch {
                outcome = .failure(error)
            }
            try? await execution.standardInputWriter.finish()
            return outcome
        }
        return try result.closureResult.get()
    }

    /// Takes the power from the disk, and gives it back: then it holds what has reached it before.
    ///
    /// What was not synced is lost, unless the kernel wrote it for another reason, such as its age
    /// of half a minute. The cluster and the other processes that work here are stopped first, so
    /// that nobody learns of it, and killed then. All have ended when this comes back; the cluster
    /// can be started again.
    package func cutPower(of cluster: TestCluster, and others: [Int32] = []) async throws {
        let processes = others + (await cluster.processes())
        for process in processes { kill(process, SIGSTOP) }
        do {
            try shutDown()
        } catch {
            for process in processes { kill(process, SIGCONT) }
            throw error
        }
        for process in others { kill(process, SIGKILL) }
        try await cluster.kill()
        try await unmount()
        try await copy()
        try await mount()
    }

    /// Goes on with a copy of the file: whoever has made a mount namespace meanwhile keeps the old
    /// filesystem, and its dead state with it, alive.
    private func copy() async throws {
        try await run(["cp", "--sparse=always", file, file + ".copy"])
        try await run(["mv", file + ".copy", file])
    }

    /// Takes all the room that there is.
    package func fill() throws {
        let file = unsafe open(ballast, O_WRONLY | O_CREAT, 0o600)
        guard file >= 0 else { throw DiskImageError.refused(what: "fill the disk", errno: errno) }
        defer { close(file) }
        var status = statvfs()
        guard unsafe fstatvfs(file, &status) == 0 else {
            throw DiskImageError.refused(what: "tell the room", errno: errno)
        }
        let block = off_t(status.f_frsize)
        var bytes = off_t(status.f_bfree) * block
        // The room may be in pieces, and somebody may take of it meanwhile.
        while bytes >= block {
            switch posix_fallocate(file, lseek(file, 0, SEEK_END), bytes) {
            case 0, EINTR: break
            case ENOSPC: bytes /= 2
            case let other: throw DiskImageError.refused(what: "fill the disk", errno: other)
            }
        }
    }

    /// Gives the room back.
    package func free() throws {
        guard unsafe unlink(ballast) == 0 else {
            throw DiskImageError.refused(what: "free the disk", errno: errno)
        }
    }

    private func make(_ megabytes: Int) async throws {
        try await run(["truncate", "-s", "\(megabytes)M", file])
        try await run(["mkfs.ext4"] + Self.formatOptions + [file])
        try await mount()
    }

    private func mount() async throws {
        do {
            try await run(["mount", "-o", Self.mountOptions, file, folder])
        } catch let error as DiskImageError {
            throw DiskImageError.notMountable("\(error)")
        }
    }

    private func unmount() async throws {
        let deadline = ContinuousClock.now + Self.unmountTimeMax
        while true {
            do {
                return try await run(["umount", folder])
            } catch {
                guard ContinuousClock.now < deadline else { throw error }
                try await Task.sleep(for: Self.unmountPause)
            }
        }
    }

    /// From here on nothing reaches the disk, neither from programs nor from the kernel.
    ///
    /// What the journal holds and has not committed is dropped (`EXT4_IOC_SHUTDOWN` with
    /// `EXT4_GOING_FLAGS_NOLOGFLUSH`).
    private func shutDown() throws {
        let request: UInt = 0x8004_587D
        var withoutFlush: UInt32 = 2
        let directory = unsafe open(folder, O_RDONLY | O_DIRECTORY)
        guard directory >= 0 else {
            throw DiskImageError.refused(what: "open the disk", errno: errno)
        }
        defer { close(directory) }
        guard unsafe ioctl(directory, request, &withoutFlush) == 0 else {
            throw DiskImageError.refused(what: "take the power from the disk", errno: errno)
        }
    }

    /// The programs of administrators are not on everybody's `PATH`.
    private func run(_ command: [String]) async throws {
        let result = try await Subprocess.run(
            .path("/usr/bin/env"),
            arguments: Arguments(command),
            environment: .custom(["PATH": "/usr/sbin:/sbin:/usr/bin:/bin", "LC_ALL": "C"]),
            output: .string(limit: Self.outputBytesMax),
            error: .combinedWithOutput
        )
        guard result.terminationStatus.isSuccess else {
            throw DiskImageError.failed(
                command: command.joined(separator: " "),
                output: result.standardOutput
            )
        }
    }
}
