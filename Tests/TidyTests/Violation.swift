/// Where a house rule is broken, and what to do about it.
struct Violation: CustomStringConvertible, Equatable {
    var path: String
    var line: Int
    var message: String

    var description: String { "\(path):\(line): \(message)" }
}
