/// A piece of Swift source, as far as the house rules need to tell pieces apart.
struct SwiftToken: Equatable {
    enum Kind {
        /// A name, a keyword or a number.
        case word
        /// One character of anything else that is code.
        case mark
        /// The content of a string literal. What is interpolated follows as tokens of its own.
        case literal
        case comment
    }

    var kind: Kind
    var text: String
    /// The line on which it begins, from 1.
    var line: Int
}
