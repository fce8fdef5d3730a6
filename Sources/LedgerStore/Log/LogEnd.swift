/// What stands at the end of a log, from a position on, whoever it is for.
package struct LogEnd: Sendable {
    /// In order of position.
    package internal(set) var events: [(event: StoredEvent, traits: EventTraits)] = []
    /// Whether there is more, beyond what one reading takes.
    package internal(set) var hasMore = false
}
