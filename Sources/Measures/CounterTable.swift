/// A counter for each word of a closed list, so that each is shown from the start, as 0.
package struct CounterTable<Word: CaseIterable & Hashable & Sendable>: Sendable {
    private let counters: [Word: Counter]

    /// Nothing has happened yet.
    package init() {
        counters = Dictionary(uniqueKeysWithValues: Word.allCases.map { ($0, Counter()) })
    }

    /// It has happened once more, or `count` times.
    package func add(_ word: Word, _ count: Int = 1) { counters[word]?.add(count) }

    /// How often so far.
    package subscript(_ word: Word) -> Int { counters[word]?.value ?? 0 }
}
