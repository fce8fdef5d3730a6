/// A session as the server knows it: the process that carries out its statements.
///
/// The time tells it from an earlier process with the same number. Behind a pooler, two of our
/// connections can have the same session.
package struct ServerSession: Sendable, Hashable {
    /// The process.
    package let process: Int32
    /// When it began, as the server writes it.
    package let begin: String
}
