internal import MerkleLog
internal import Wire

/// How far somebody has come in each of some logs.
///
/// An object, for it is handed through asynchronous functions (CONTRIBUTING.md#the-optimized-program).
package final class LogPlaces: Sendable, Equatable {
    /// How far somebody has come in one log.
    package struct Reached: Sendable, Hashable {
        /// The first position that is left.
        package let next: Int64
        /// What stands before it; nil where nothing does, or where nobody has looked.
        package let place: LogPlace?

        /// At a position; nobody has looked what stands before it.
        package init(next: Int64) {
            self.init(next: next, place: nil)
        }

        /// Behind an event.
        package init(behind place: LogPlace) {
            self.init(next: place.position + 1, place: place)
        }

        private init(next: Int64, place: LogPlace?) {
            (self.next, self.place) = (next, place)
        }

        /// Whether somebody must look what stands before it.
        var isOpen: Bool { next > 0 && place == nil }
    }

    /// One for each log, in their order.
    package let reached: [Reached]

    /// Of each log, in their order.
    package init(_ reached: [Reached]) {
        self.reached = reached
    }

    /// At the beginning of so many logs.
    package static func beginning(count: Int) -> LogPlaces {
        LogPlaces(Array(repeating: Reached(next: 0), count: count))
    }

    /// The same where logs were added since, as far as so many: whoever knew nothing of those has read nothing there.
    package func among(count: Int) -> LogPlaces {
        LogPlaces(reached + Array(repeating: Reached(next: 0), count: count - reached.count))
    }

    package static func == (left: LogPlaces, right: LogPlaces) -> Bool {
        left.reached == right.reached
    }

    /// The same, but for one log.
    package func with(_ reached: Reached, at index: Int) -> LogPlaces {
        var all = self.reached
        all[index] = reached
        return LogPlaces(all)
    }
}

/// How places in several logs are written: base64url of a form byte, how many logs there are, and of each
/// log the first position that is left and the check of what stands before it, 0 at its beginning
/// (docs/decisions/0067-k-logs-of-facts.md).
extension LogPlaces {
    private static let form: UInt8 = 1
    private static let countBytes = MemoryLayout<UInt16>.size
    private static let positionBytes = MemoryLayout<Int64>.size
    private static let logBytes = positionBytes + LogPlace.checkBytes

    /// What a caller gives back to go on here; somebody has looked at every place.
    package var text: String {
        precondition(!reached.contains(where: \.isOpen), "Every place is known.")
        var bytes = [Self.form] + UInt16(reached.count).bigEndianBytes
        for one in reached {
            bytes += one.next.bigEndianBytes
            bytes += (one.place?.check ?? 0).bigEndianBytes
        }
        return Base64.url.encode(bytes)
    }

    /// The same for people, who see a position where there is one log.
    package var shown: String { reached.count == 1 ? "\(reached[0].next)" : text }

    /// Reads what `shown` gives of so many logs; nil for any other text.
    package convenience init?(shown text: String, count: Int) {
        guard count == 1 else {
            self.init(text, count: count)
            return
        }
        guard let next = Int64(text), next >= 0, "\(next)" == text else { return nil }
        self.init([Reached(next: next)])
    }

    /// Reads the `text` of places in so many logs; nil for any other one.
    package convenience init?(_ text: some StringProtocol, count: Int) {
        let size = 1 + Self.countBytes + count * Self.logBytes
        // What is longer is not even decoded.
        guard text.utf8.count == (size * 4 + 2) / 3, let bytes = Base64.url.decode(text.utf8),
            bytes.count == size, bytes[0] == Self.form,
            UInt16(bigEndianBytes: bytes[1...Self.countBytes]) == UInt16(exactly: count)
        else { return nil }
        var reached: [Reached] = []
        for start in stride(from: 1 + Self.countBytes, to: size, by: Self.logBytes) {
            let end = start + Self.logBytes
            guard let next = Int64(bigEndianBytes: bytes[start..<start + Self.positionBytes]),
                let check = UInt32(bigEndianBytes: bytes[start + Self.positionBytes..<end])
            else { return nil }
            guard next > 0 else {
                guard next == 0, check == 0 else { return nil }
                reached.append(Reached(next: 0))
                continue
            }
            reached.append(Reached(behind: LogPlace(position: next - 1, check: check)))
        }
        self.init(reached)
    }
}
