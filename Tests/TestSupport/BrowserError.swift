/// Why the browser did not do what a test asked for.
package enum BrowserError: Error, CustomStringConvertible {
    /// A program is not installed. A test never passes without its browser.
    case notInstalled(program: String)
    /// chromedriver ended, or said nothing of the port it listens on.
    case driverNotStarted(output: String)
    /// The browser refused a command: WebDriver's error code and its message.
    case refused(code: String, message: String)
    /// What a test waited for did not come in time.
    case waitedInVain(what: String)

    package var description: String {
        switch self {
        case .notInstalled(let program):
            "\(program) is not installed. On Debian: apt-get install chromium chromium-driver"
        case .driverNotStarted(let output):
            "chromedriver did not start. It said: \(output)"
        case .refused(let code, let message):
            "the browser refused, \(code): \(message)"
        case .waitedInVain(let what):
            "waited in vain for \(what)"
        }
    }
}
