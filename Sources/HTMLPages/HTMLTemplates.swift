internal import Mustache

/// Templates of pages, each of whose values is escaped as `HTMLText` does, whoever wrote the template.
///
/// The only way to a page: no other module knows Mustache.
package struct HTMLTemplates: Sendable {
    /// What each template begins with; without it Mustache escapes its own way, also within a
    /// template that includes others.
    private static let contentType = "PAGE"

    private let library: MustacheLibrary

    /// Reads templates, by the names by which they include each other.
    ///
    /// They are part of the program, so one that is broken ends it.
    package init(_ sources: [String: [UInt8]]) {
        MustacheContentTypes.register(HTMLText(), named: Self.contentType)
        var library = MustacheLibrary()
        for (name, source) in sources {
            let text = String(decoding: source, as: UTF8.self)
            do {
                try library.register("{{% CONTENT_TYPE:\(Self.contentType)}}" + text, named: name)
            } catch {
                preconditionFailure("The template \(name) is broken: \(error)")
            }
        }
        self.library = library
    }

    /// A template filled with what its names say: properties, or members of a dictionary.
    package func html(_ name: String, _ content: Any) -> String {
        guard let html = library.render(content, withTemplate: name) else {
            preconditionFailure("There is no template \(name).")
        }
        return html
    }
}
