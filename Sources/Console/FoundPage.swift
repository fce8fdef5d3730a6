/// What was found for what somebody pasted into the box, where it is not exactly one thing.
package struct FoundPage: ConsolePage {
    /// Something that was found.
    package struct Match: Sendable {
        let what: String
        let name: String
        let path: String

        package init(what: String, name: String, path: String) {
            self.what = what
            self.name = name
            self.path = path
        }
    }

    package let template = PageTemplate.found
    package let title = "Found"
    let matches: [Match]
    let isEmpty: Bool
    /// What was looked for, in sentences.
    let tried: [String]

    package init(matches: [Match], tried: [String]) {
        self.matches = matches
        isEmpty = matches.isEmpty
        self.tried = tried
    }
}
