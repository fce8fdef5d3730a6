package import Wire

/// What a benchmark gave, for people and for programs.
package protocol BenchResult: Sendable {
    /// Lines for people, the head of the columns in such a style.
    func table(head style: (String) -> String) -> String

    /// One document for programs.
    var document: JSONValue { get }
}
