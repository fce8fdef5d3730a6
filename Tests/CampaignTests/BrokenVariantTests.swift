import Campaign
import Foundation
import Testing

/// The variants that `make campaign-broken` builds follow the source.
@Suite("broken variants")
struct BrokenVariantTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    @Test("what each one changes is there exactly once", arguments: BrokenVariant.all)
    func places(variant: BrokenVariant) throws {
        for edit in variant.edits {
            let text = try String(contentsOfFile: "\(Self.root)/\(edit.file)", encoding: .utf8)
            let places = text.components(separatedBy: edit.old).count - 1
            #expect(places == 1, "\(variant.name): \(edit.file) has \(places) such places")
            #expect(edit.old != edit.new)
        }
    }

    @Test("there is one for each rule that a world can be made to break")
    func rules() {
        let rules = Set(BrokenVariant.all.flatMap(\.rules))
        // What these find cannot come about while the rules in the database stand; the checker sees
        // them in doctored histories (docs/campaign.md#broken-variants).
        // `ready` takes nodes under Patroni, which no variant is tried on.
        let unreachable: Set<Rule> = [.duplicated, .oneOutcome, .ready]
        #expect(rules == Set(Rule.allCases).subtracting(unreachable))
    }
}

extension BrokenVariant: CustomTestStringConvertible {
    /// Its name.
    public var testDescription: String { name }
}
