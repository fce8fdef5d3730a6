/// Invented identifiers and tokens in the provider's formats (docs/provider.md#names-and-formats).
enum RandomText {
    static func hex(_ count: Int) -> String {
        text(count, from: "0123456789abcdef")
    }

    /// 260 characters with `=`, `-` and `_` inside, as real ones have.
    static func accessToken() -> String {
        let head = text(27, from: urlSafe)
        let tail = text(230, from: urlSafe)
        return head + "=" + tail + "-_"
    }

    private static let urlSafe =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

    private static func text(_ count: Int, from alphabet: String) -> String {
        let letters = Array(alphabet.utf8)
        let bytes = (0..<count).map { _ in letters[Int.random(in: 0..<letters.count)] }
        return String(decoding: bytes, as: UTF8.self)
    }
}
