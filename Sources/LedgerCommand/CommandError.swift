/// Why a command cannot do its work, in a sentence for the person at the terminal.
struct CommandError: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
