internal import LedgerStore

/// Where a list goes on.
///
/// Opaque to callers, so that what it holds may change.
enum Cursor {
    /// Lists whose cursors must not be mixed up.
    enum Kind: String {
        case users = "u"
        case events = "e"
        case history = "h"
        case access = "a"
        case deliveries = "w"
        case problems = "p"
    }

    static func encode(_ value: UInt128, kind: Kind) -> String {
        kind.rawValue + String(value, radix: 36)
    }

    static func decode(_ text: String, kind: Kind) -> UInt128? {
        guard text.hasPrefix(kind.rawValue), text.utf8.count <= 32,
            let value = UInt128(text.dropFirst(), radix: 36),
            encode(value, kind: kind) == text
        else { return nil }
        return value
    }

    /// Of a list of one log the position; of several logs all of their places, which somebody has looked at.
    static func encode(_ places: LogPlaces, kind: Kind) -> String {
        places.reached.count == 1
            ? encode(UInt128(places.reached[0].next), kind: kind) : kind.rawValue + places.text
    }

    static func decode(_ text: String, kind: Kind, logs count: Int) -> LogPlaces? {
        guard count == 1 else {
            guard text.hasPrefix(kind.rawValue) else { return nil }
            return LogPlaces(text.dropFirst(), count: count)
        }
        return decode(text, kind: kind).flatMap { Int64(exactly: $0) }
            .map { LogPlaces([LogPlaces.Reached(next: $0)]) }
    }
}
