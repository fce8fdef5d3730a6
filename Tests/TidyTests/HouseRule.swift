import Testing

/// A rule that every file has to keep.
///
/// It carries a sample that keeps it and samples that break it, so that a rule that can no
/// longer fail is noticed.
struct HouseRule: Sendable, CustomTestStringConvertible {
    typealias Sample = (path: String, text: String)

    let name: String
    let kept: [Sample]
    let broken: [Sample]
    let check: @Sendable (SourceFile) -> [Violation]

    var testDescription: String { name }

    static let all = size + imports + calls + texts + conditions
}
