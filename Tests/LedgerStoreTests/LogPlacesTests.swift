import Foundation
import Ledger
@testable import LedgerStore
import SeededRandom
import Testing

/// Cursors of several logs, and the order in which several logs are shown.
@Suite("Places in several logs")
struct LogPlacesTests {
    private static func places(_ random: inout SeededRandom, count: Int) -> LogPlaces {
        LogPlaces(
            (0..<count).map { _ in
                guard Bool.random(using: &random) else { return LogPlaces.Reached(next: 0) }
                let place = LogPlace(
                    position: Int64.random(in: 0..<Int64.max, using: &random),
                    check: UInt32.random(in: 0...UInt32.max, using: &random)
                )
                return LogPlaces.Reached(behind: place)
            }
        )
    }

    @Test("places are read back as what they were, and in no other number of logs")
    func readBack() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        for _ in 0..<2_000 * FuzzLength.times {
            let count = Int.random(in: 2...70, using: &random)
            let places = Self.places(&random, count: count)
            #expect(LogPlaces(places.text, count: count) == places, "seed \(seed)")
            for other in [1, 2, count - 1, count + 1, 512] where other != count {
                #expect(LogPlaces(places.text, count: other) == nil, "seed \(seed)")
            }
        }
        // A kibibyte for 64 logs, as the decision says.
        let text = Self.places(&random, count: 64).text
        #expect(text.utf8.count <= 1_040 && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
        let most = Self.places(&random, count: Log.pairsMax)
        #expect(LogPlaces(most.text, count: Log.pairsMax) == most)
    }

    @Test("whatever is read has one spelling, and random texts are no places")
    func oneSpelling() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        var (read, refused) = (0, 0)
        for _ in 0..<20_000 * FuzzLength.times {
            let count = Int.random(in: 2...4, using: &random)
            var bytes = Array(Self.places(&random, count: count).text.utf8)
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[index] = UInt8.random(in: 0x2D...0x7A, using: &random)
                case 1: bytes.remove(at: index)
                default: bytes.insert(UInt8(ascii: "A"), at: index)
                }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            guard let places = LogPlaces(text, count: count) else {
                refused += 1
                continue
            }
            read += 1
            #expect(places.text == text, "seed \(seed)")
        }
        #expect(read > 1_000 && refused > 1_000, "seed \(seed): \(read) \(refused)")
    }

    /// Base64 of a number of bytes that takes no padding, as URLs have it.
    private static func encoded(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
    }

    private static func decoded(_ text: String) -> [UInt8] {
        let text = text.replacing("-", with: "+").replacing("_", with: "/")
        return Data(base64Encoded: text).map { Array($0) } ?? []
    }

    @Test("every bit of the head, and each one that would leave a beginning, is looked at")
    func bits() {
        let beginning = LogPlaces.beginning(count: 3).text
        let bytes = Self.decoded(beginning)
        #expect(bytes.count == 39)
        for bit in 0..<24 {
            var altered = bytes
            altered[bit / 8] ^= 1 << (bit % 8)
            #expect(LogPlaces(Self.encoded(altered), count: 3) == nil, "bit \(bit)")
        }
        // A check without anything before it, and a position below 0.
        for (byte, value) in [(11, 1), (14, 128), (3, 128)] {
            var altered = bytes
            altered[byte] = UInt8(value)
            #expect(LogPlaces(Self.encoded(altered), count: 3) == nil, "byte \(byte)")
        }
    }

    @Test("of one log, places are shown as the position alone")
    func shown() {
        let one = LogPlaces([LogPlaces.Reached(next: 41)])
        #expect(one.shown == "41")
        #expect(LogPlaces(shown: "41", count: 1) == one)
        for text in ["041", "+41", "-1", "", "x", "9223372036854775808"] {
            #expect(LogPlaces(shown: text, count: 1) == nil)
        }
        #expect(LogPlaces(shown: "41", count: 2) == nil)
        let two = LogPlaces.beginning(count: 2)
        #expect(LogPlaces(shown: two.shown, count: 2) == two)
    }

    // MARK: The order

    private struct Entry: Equatable, Sendable {
        let log: Int
        let position: Int64
        let time: Int64?
    }

    /// Logs in which the clocks of several writers run a little apart, with entries that nobody can read.
    private static func logs(_ random: inout SeededRandom, count: Int) -> [[Entry]] {
        (0..<count).map { log in
            var time: Int64 = 0
            return (0..<Int.random(in: 0...40, using: &random)).map { position in
                time += Int64.random(in: -2...5, using: &random)
                let isRead = Int.random(in: 0..<20, using: &random) > 0
                return Entry(log: log, position: Int64(position), time: isRead ? time : nil)
            }
        }
    }

    /// The whole of it at once.
    private static func whole(_ logs: [[Entry]], _ order: LogMerge<Entry>.Order) -> [Entry] {
        var rest = logs.map { order == .oldestFirst ? $0[...] : Array($0.reversed())[...] }
        var merged: [Entry] = []
        func isBefore(_ left: Int64?, _ right: Int64?) -> Bool {
            guard let left else { return right != nil }
            guard let right else { return false }
            return order == .oldestFirst ? left < right : left > right
        }
        while let first = rest.indices.filter({ !rest[$0].isEmpty }).min(by: { left, right in
            isBefore(rest[left].first?.time ?? nil, rest[right].first?.time ?? nil)
        }) {
            if let entry = rest[first].popFirst() { merged.append(entry) }
        }
        return merged
    }

    @Test(
        "pages of any size, of stretches of any length, cut the one order of all logs",
        arguments: [true, false]
    )
    func pages(isOldestFirst: Bool) {
        let order = isOldestFirst ? LogMerge<Entry>.Order.oldestFirst : .newestFirst
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        for _ in 0..<300 {
            let logs = Self.logs(&random, count: Int.random(in: 1...5, using: &random))
            // Where each log goes on, as an index of its entries in the order of reading.
            let inOrder = logs.map { order == .oldestFirst ? $0 : $0.reversed() }
            var next = logs.map { _ in 0 }
            var paged: [Entry] = []
            for _ in 0..<1_000 {
                let limit = Int.random(in: 1...9, using: &random)
                let stretches = inOrder.indices.map { log in
                    let left = inOrder[log].count - next[log]
                    let count = min(left, Int.random(in: 0...limit, using: &random))
                    let end = next[log] + count
                    return LogMerge<Entry>.Stretch(
                        Array(inOrder[log][next[log]..<end]),
                        next: Int64(end),
                        isAtEnd: count == left
                    )
                }
                let merge = LogMerge(stretches, order, limit: limit) {
                    $0.time.map { Timestamp(microseconds: $0) }
                }
                paged += merge.elements
                for log in logs.indices {
                    next[log] += merge.elements.count { $0.log == log }
                }
                if merge.isAtEnd { break }
            }
            #expect(paged == Self.whole(logs, order), "seed \(seed)")
        }
    }
}
