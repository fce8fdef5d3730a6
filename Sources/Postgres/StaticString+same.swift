import Glibc

extension StaticString {
    /// Whether two literals hold the same text; mostly they are the same one.
    func isSame(as other: StaticString) -> Bool {
        guard utf8CodeUnitCount == other.utf8CodeUnitCount else { return false }
        guard unsafe utf8Start != other.utf8Start else { return true }
        return unsafe memcmp(utf8Start, other.utf8Start, utf8CodeUnitCount) == 0
    }
}
