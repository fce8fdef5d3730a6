/// A guide of `docs/`, in the form in which the service serves it.
package struct Guide: Sendable {
    /// The name of its file, to which other guides link.
    package let name: String
    /// Who reads it.
    package let readers: String
    /// The guide in Markdown, in UTF-8.
    package let text: String

    private static let files: [(name: String, readers: String, bytes: [UInt8])] = [
        (
            "integrator.md",
            "Who embeds the popup in a page or a mobile app, or uses the tokens in a backend",
            PackageResources.integrator_md
        ),
        (
            "provider.md", "Who wants to know what the provider sends and expects",
            PackageResources.provider_md
        ),
        (
            "auditor.md", "Who checks the history, or answers who held which token when",
            PackageResources.auditor_md
        ),
        (
            "compliance.md",
            "Who hands the history to others, or must know what is personal and where it is",
            PackageResources.compliance_md
        ),
        ("operator.md", "Who runs the service", PackageResources.operator_md),
        (
            "availability.md", "Who runs several copies, or a database of several servers",
            PackageResources.availability_md
        ),
    ]

    /// All that are served, the first one to be read first.
    package static let all = files.map { file in
        Guide(
            name: file.name,
            readers: file.readers,
            text: linked(String(decoding: file.bytes, as: UTF8.self))
        )
    }

    /// The guide's heading.
    package var title: String {
        String(text.prefix { $0 != "\n" }.drop { $0 == "#" || $0 == " " })
    }

    /// What links to a file that is not served is words only.
    private static func linked(_ text: String) -> String {
        text.replacing(/\[([^\[\]]+)\]\(([^()\s]+)\)/) { match in
            let target = match.2.prefix { $0 != "#" }
            let isServed = files.contains { $0.name == target }
            let leads = isServed || target.isEmpty || target.contains("://")
            return leads ? String(match.0) : String(match.1)
        }
    }
}
