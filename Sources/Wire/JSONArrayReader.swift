/// Cuts a JSON array into its elements while its bytes arrive, and keeps one element at a time.
///
/// It only finds where elements begin and end. Whether one is JSON is for `JSONParser` to say, so
/// that a bad element is seen as one, and those after it are still read.
package struct JSONArrayReader {
    /// One element as it stands in the array.
    package enum Element: Sendable, Equatable {
        /// Its bytes; not checked yet.
        case bytes([UInt8])
        /// It has more bytes than are kept.
        case tooLong
    }

    /// Why the bytes are no array: they begin with something else, stop in the middle, or go on
    /// after its end.
    package struct NoArray: Error {}

    private enum Place {
        case before, first, inside, after, next, done
    }

    private let elementBytesMax: Int
    private var place = Place.before
    private var element: [UInt8] = []
    private var isTooLong = false
    /// How many objects and arrays of the element are open; a number, so nesting costs nothing.
    private var depth = 0
    private var isInString = false
    private var isEscaped = false

    /// A reader at the start of an array; elements longer than that are passed over.
    package init(elementBytesMax: Int) {
        self.elementBytesMax = elementBytesMax
    }

    /// Reads on, and hands out each element that ends here.
    package mutating func read(
        _ bytes: [UInt8],
        _ body: (Element) -> Void
    ) throws(NoArray) {
        var begin = 0
        for (index, byte) in bytes.enumerated() {
            guard place == .inside else {
                guard try step(byte) else { continue }
                begin = index
                enter(byte)
                continue
            }
            guard let end = leaves(byte, at: index) else { continue }
            keep(bytes[begin..<end])
            body(take())
            // The byte that ended a number or a word belongs to the array.
            if end == index { _ = try step(byte) }
        }
        if place == .inside { keep(bytes[begin...]) }
    }

    /// Checks, after the last byte, that the array is closed.
    package func end() throws(NoArray) {
        guard place == .done else { throw NoArray() }
    }

    /// A byte between elements; true when an element begins with it.
    private mutating func step(_ byte: UInt8) throws(NoArray) -> Bool {
        switch (place, byte) {
        case (_, 0x20), (_, 0x09), (_, 0x0A), (_, 0x0D): return false
        case (.before, UInt8(ascii: "[")): place = .first
        case (.first, UInt8(ascii: "]")), (.after, UInt8(ascii: "]")): place = .done
        case (.after, UInt8(ascii: ",")): place = .next
        case (.first, _), (.next, _):
            guard ![UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}")].contains(byte) else {
                throw NoArray()
            }
            return true
        default: throw NoArray()
        }
        return false
    }

    private mutating func enter(_ byte: UInt8) {
        place = .inside
        depth = byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") ? 1 : 0
        isInString = byte == UInt8(ascii: "\"")
        isEscaped = false
    }

    /// Where the element ends, if this byte ends it: behind the byte, or before it.
    private mutating func leaves(_ byte: UInt8, at index: Int) -> Int? {
        if isInString {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInString = false
                return depth == 0 ? index + 1 : nil
            }
            return nil
        }
        switch byte {
        case UInt8(ascii: "\""): isInString = true
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            guard depth > 0 else { return index }
            depth -= 1
            if depth == 0 { return index + 1 }
        case UInt8(ascii: ","), 0x20, 0x09, 0x0A, 0x0D:
            if depth == 0 { return index }
        default: break
        }
        return nil
    }

    private mutating func keep(_ part: ArraySlice<UInt8>) {
        guard !isTooLong, element.count + part.count <= elementBytesMax else {
            isTooLong = true
            return
        }
        element += part
    }

    private mutating func take() -> Element {
        defer {
            place = .after
            element.removeAll(keepingCapacity: true)
            isTooLong = false
        }
        return isTooLong ? .tooLong : .bytes(element)
    }
}
