/// What a sandbox is started with.
package struct SandboxConfiguration: Sendable {
    /// Loopback unless told otherwise: the sandbox shows token values to everybody who asks.
    package var host = "127.0.0.1"
    /// The port to listen on, 0 for any free one.
    package var port = 0
    /// Where the state is kept, nil to forget it at the end.
    package var stateFile: String?
    /// Added to the apps of the state file; the same `clientID` replaces.
    package var apps: [SandboxApp]
    package var switches = SandboxSwitches()
    /// The URL people reach the sandbox at, when that is known; only shown, never called.
    package var publicURL: String?

    package init(apps: [SandboxApp]) {
        self.apps = apps
    }
}
