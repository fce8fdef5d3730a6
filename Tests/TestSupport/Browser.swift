internal import Foundation
internal import Subprocess
internal import SystemPackage

/// A headless Chromium with a fresh profile, as Debian packages it.
///
/// It lives exactly as long as the closure it is lent to, and ends with the test process even
/// when that one is killed. It reaches nothing but this machine.
package struct Browser: Sendable {
    let driver: WebDriver

    /// Starts a browser, lends it to `body`, and closes it.
    ///
    /// Throws `BrowserError.notInstalled` when there is none: a test is not skipped for that.
    package static func run<Answer: Sendable>(
        _ body: (Browser) async throws -> Answer
    ) async throws -> Answer {
        for _ in 1..<startsMax {
            do {
                return try await runOnce(body)
            } catch BrowserError.driverNotStarted {
                // chromedriver takes a free port of IPv6 and wants the same one of IPv4, which one
                // of the many servers of other tests may have.
                continue
            }
        }
        return try await runOnce(body)
    }

    private static let startsMax = 5

    private static func runOnce<Answer: Sendable>(
        _ body: (Browser) async throws -> Answer
    ) async throws -> Answer {
        let chromium = try await path(of: "chromium")
        let chromedriver = try await path(of: "chromedriver")
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "token-ledger-browser-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder,
            withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700]
        )

        return try await withDriver(chromedriver, in: folder.path) { port in
            let driver = try await WebDriver.open(
                port: port,
                capabilities: capabilities(chromium: chromium, profile: "\(folder.path)/profile")
            )
            do {
                let answer = try await body(Browser(driver: driver))
                try await driver.close()
                return answer
            } catch {
                // The test's own error matters, not one of closing.
                try? await driver.close()
                throw error
            }
        }
    }

    private static func path(of program: String) async throws -> String {
        do {
            return try await Executable.name(program).resolveExecutablePath(in: .inherit).string
        } catch {
            throw BrowserError.notInstalled(program: program)
        }
    }

    /// Runs chromedriver in a session of its own, so that Ctrl-C in a terminal is ours to handle.
    ///
    /// The shell around it waits for its standard input to end, which also happens when this
    /// process is killed. Then it ends chromedriver, which ends the browser, and removes the
    /// folder, into which the browser may still write while it ends.
    private static func withDriver<Answer: Sendable>(
        _ chromedriver: String,
        in folder: String,
        _ body: (Int) async throws -> Answer
    ) async throws -> Answer {
        let wrapper = """
            folder=$1; shift
            "$@" </dev/null & driver=$!
            exec >&- 2>&-
            trap : TERM
            read -r end_of_input
            kill -TERM $driver
            wait $driver
            for again in 1 2 3 4 5; do rm -rf "$folder" && break; sleep 0.2; done
            kill -KILL 0
            """
        var options = PlatformOptions()
        options.createSession = true
        options.teardownSequence = [
            .gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: .seconds(5))
        ]
        return try await Subprocess.run(
            .path("/bin/sh"),
            arguments: ["-c", wrapper, "sh", folder, chromedriver, "--port=0"],
            environment: .inherit.updating(["HOME": folder, "TMPDIR": folder]),
            platformOptions: options,
            input: .inputWriter,
            output: .sequence,
            error: .discarded
        ) { execution in
            var output = ""
            for try await line in execution.standardOutput.strings() {
                output += line + "\n"
                if let port = port(in: line) { return try await body(port) }
            }
            throw BrowserError.driverNotStarted(output: output)
        }.closureResult
    }

    /// chromedriver chooses a free port and names it in one line of its output.
    private static func port(in line: String) -> Int? {
        guard line.contains("started successfully on port") else { return nil }
        return Int(line.split(separator: " ").last?.filter(\.isNumber) ?? "")
    }

    private static func capabilities(chromium: String, profile: String) -> BrowserValue {
        var arguments = [
            "--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--window-size=1100,800", "--user-data-dir=\(profile)",
            // What a page would load from elsewhere must fail here as it does behind a firewall.
            "--no-proxy-server",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
        ]
        // Chromium's sandbox refuses to start as root, which is who a container often is.
        if geteuid() == 0 { arguments.append("--no-sandbox") }
        return [
            "browserName": "chrome",
            "goog:loggingPrefs": ["browser": "ALL"],
            "goog:chromeOptions": [
                "binary": .string(chromium),
                "args": .array(arguments.map(BrowserValue.string)),
            ],
        ]
    }
}
