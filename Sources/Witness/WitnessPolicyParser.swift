internal import Foundation
internal import MerkleLog

/// Reads the lines of a policy in their order.
///
/// Names are bytes and are compared as bytes, as the specification wants it.
struct WitnessPolicyParser {
    private typealias Item = [UInt8]

    private var line = 0
    private var logs: [VerifierKey] = []
    private var witnesses: [WitnessPolicy.Witness] = []
    private var groups: [WitnessPolicy.Group] = []
    private var names: [[UInt8]: WitnessPolicy.Member] = [:]
    private var members: Set<[UInt8]> = []
    private var skipped: [WitnessPolicy.SkippedLine] = []
    /// Nil before the quorum line; then the quorum, which is nil when none is needed.
    private var quorum: WitnessPolicy.Member??

    private static let tab = UInt8(ascii: "\t")
    private static let newline = UInt8(ascii: "\n")
    private static let space = UInt8(ascii: " ")
    private static let none = Array("none".utf8)

    mutating func parse(_ bytes: [UInt8]) throws(WitnessPolicyError) -> WitnessPolicy {
        guard bytes.count <= WitnessLimits.policyBytesMax else {
            throw WitnessPolicyError(.tooLarge)
        }
        var lines = bytes.split(separator: Self.newline, omittingEmptySubsequences: false)
        let rest = lines.removeLast()
        for text in lines {
            line += 1
            try read(text)
        }
        line += 1
        guard rest.isEmpty else { throw error(.unendedLine) }
        guard let quorum else { throw WitnessPolicyError(.noQuorum) }
        return WitnessPolicy(
            logs: logs,
            witnesses: witnesses,
            groups: groups,
            quorum: quorum,
            skipped: skipped
        )
    }

    private func error(_ reason: WitnessPolicyError.Reason) -> WitnessPolicyError {
        WitnessPolicyError(line: line, reason)
    }

    private mutating func read(_ text: ArraySlice<UInt8>) throws(WitnessPolicyError) {
        guard text.allSatisfy({ $0 == Self.tab || ($0 >= Self.space && $0 != 0x7F) }) else {
            throw error(.controlCharacter)
        }
        let items = text.split { $0 == Self.space || $0 == Self.tab }.map { Array($0) }
        guard let keyword = items.first, keyword.first != UInt8(ascii: "#") else { return }
        let rest = Array(items.dropFirst())
        switch String(decoding: keyword, as: UTF8.self) {
        case "log": try log(rest)
        case "witness": try witness(rest)
        case "group": try group(rest)
        case "quorum": try quorum(rest)
        default: throw error(.unknownKeyword)
        }
    }

    private mutating func log(_ items: [Item]) throws(WitnessPolicyError) {
        guard (1...2).contains(items.count) else { throw error(.wrongItemCount) }
        guard logs.count < WitnessLimits.policyLogsMax else { throw error(.tooMany) }
        guard let key = try key(items[0], .ed25519) else { return }
        guard !logs.contains(where: { $0.publicKey == key.publicKey }) else {
            throw error(.duplicateKey)
        }
        // What its URL means is up to others.
        logs.append(key)
    }

    private mutating func witness(_ items: [Item]) throws(WitnessPolicyError) {
        guard (2...3).contains(items.count) else { throw error(.wrongItemCount) }
        guard witnesses.count < WitnessLimits.policyWitnessesMax else { throw error(.tooMany) }
        guard let key = try key(items[1], .cosignature) else {
            return try define(items[0], .skipped)
        }
        guard !witnesses.contains(where: { $0.key.publicKey == key.publicKey }) else {
            throw error(.duplicateKey)
        }
        let url = items.count == 3 ? try url(items[2]) : nil
        try define(items[0], .witness(witnesses.count))
        witnesses.append(
            WitnessPolicy.Witness(
                name: String(decoding: items[0], as: UTF8.self),
                key: key,
                url: url,
                line: line
            )
        )
    }

    private mutating func group(_ items: [Item]) throws(WitnessPolicyError) {
        guard items.count >= 3 else { throw error(.wrongItemCount) }
        guard groups.count < WitnessLimits.policyGroupsMax else { throw error(.tooMany) }
        var group: [WitnessPolicy.Member] = []
        for item in items.dropFirst(2) {
            guard item != Self.none else { throw error(.reservedName) }
            guard let member = names[item] else { throw error(.unknownName) }
            guard members.insert(item).inserted else { throw error(.repeatedMember) }
            group.append(member)
        }
        let threshold = try threshold(items[1], of: group.count)
        try define(items[0], .group(groups.count))
        groups.append(WitnessPolicy.Group(threshold: threshold, members: group))
    }

    private func threshold(_ item: Item, of count: Int) throws(WitnessPolicyError) -> Int {
        let text = String(decoding: item, as: UTF8.self)
        switch text {
        case "any": return 1
        case "all": return count
        default:
            // One spelling of a number: no sign, no zero in front.
            guard let number = Int(text), String(number) == text, (1...count).contains(number)
            else { throw error(.malformedThreshold) }
            return number
        }
    }

    private mutating func quorum(_ items: [Item]) throws(WitnessPolicyError) {
        guard items.count == 1 else { throw error(.wrongItemCount) }
        guard quorum == nil else { throw error(.secondQuorum) }
        guard items[0] != Self.none else {
            quorum = .some(nil)
            return
        }
        guard let member = names[items[0]] else { throw error(.unknownName) }
        quorum = member
    }

    private mutating func define(
        _ name: Item,
        _ member: WitnessPolicy.Member
    ) throws(WitnessPolicyError) {
        guard name != Self.none else { throw error(.reservedName) }
        guard names.updateValue(member, forKey: name) == nil else { throw error(.duplicateName) }
    }

    /// The key of a line; nil when its type is unknown, which is noted.
    private mutating func key(
        _ item: Item,
        _ type: VerifierKey.SignatureType
    ) throws(WitnessPolicyError) -> VerifierKey? {
        let key: VerifierKey
        guard let text = String(validating: item, as: UTF8.self) else {
            throw error(.malformedKey(.malformedKey))
        }
        do {
            key = try VerifierKey(text)
        } catch .unknownKeyType(let number) {
            guard skipped.count < WitnessLimits.policySkippedMax else { throw self.error(.tooMany) }
            skipped.append(
                WitnessPolicy.SkippedLine(line: line, isLog: type == .ed25519, keyType: number)
            )
            return nil
        } catch {
            throw self.error(.malformedKey(error))
        }
        guard key.type == type else { throw error(.wrongKeyType) }
        return key
    }

    private func url(_ item: Item) throws(WitnessPolicyError) -> String {
        guard let text = String(validating: item, as: UTF8.self), let url = URL(string: text),
            let scheme = url.scheme?.lowercased(), ["http", "https"].contains(scheme),
            let host = url.host, !host.isEmpty, url.query == nil, url.fragment == nil
        else { throw error(.malformedURL) }
        return text
    }
}
