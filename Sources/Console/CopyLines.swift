/// What a table shows, as others ask for it: a call of the API, and a command.
package struct CopyLines: Sendable {
    let curl: String?
    let command: String?
    let hasCurl: Bool
    let hasCommand: Bool

    /// - Parameters:
    ///   - url: what to ask the service for, or nil where it has no call for it.
    ///   - command: the program's arguments, or nil where it has no command for it.
    package init(url: String?, command: String?) {
        curl = url.map { "curl -s '\($0)' -H \"Authorization: Bearer $KEY\"" }
        hasCurl = url != nil
        hasCommand = command != nil
        self.command = command.map { "token-ledger \($0)" }
    }
}
