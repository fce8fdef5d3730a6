/// The last answers about users, each with the tag by which the service knows it.
///
/// Nothing in it is handed out unless the service has said that it still holds.
struct TokenCache {
    struct Entry {
        let tag: String
        let tokens: UserTokens
    }

    /// When the young half is full it becomes the old one.
    ///
    /// Who was not asked for since is forgotten. So the longest unused go first, without a list of when who was used.
    private var young: [String: Entry] = [:]
    private var old: [String: Entry] = [:]
    private let halfMax: Int

    /// Holds that many users, at least two.
    init(usersMax: Int) {
        halfMax = max(1, usersMax / 2)
    }

    /// How many users it holds.
    var count: Int { young.count + old.count }

    /// What is known of a path; the path, for two user ids may be equal as strings.
    mutating func entry(_ path: String) -> Entry? {
        if let entry = young[path] { return entry }
        guard let entry = old.removeValue(forKey: path) else { return nil }
        keep(entry, path)
        return entry
    }

    mutating func keep(_ entry: Entry, _ path: String) {
        old[path] = nil
        if young[path] == nil, young.count >= halfMax {
            old = young
            young = [:]
        }
        young[path] = entry
    }

    mutating func forget(_ path: String) {
        young[path] = nil
        old[path] = nil
    }
}
