internal import Ledger
internal import LedgerStore
internal import NIOCore

/// A stretch of a log as it is sent: spelled once, for all who follow.
struct FeedPage: Sendable {
    private struct Entry: Sendable {
        let place: LogPlace
        let traits: EventTraits
        /// Where its frame begins behind the id, and where it ends.
        let frame: Range<Int>
    }

    /// An event for somebody who follows several logs: what it is sent with says where it is in all of them.
    struct Frame: Sendable {
        let place: LogPlace
        let time: Timestamp
        /// Without the id.
        let bytes: ByteBuffer
    }

    /// Without a hole beside those before and after it.
    let positions: Range<Int64>
    /// Where it ends.
    let last: LogPlace
    private let frames: ByteBuffer
    private let entries: [Entry]

    /// Spells events that begin at a position or behind it; nil when there are none.
    init?(_ events: ArraySlice<(event: StoredEvent, traits: EventTraits)>, from start: Int64) {
        var frames = ByteBuffer()
        var entries: [Entry] = []
        var last: LogPlace?
        for (event, traits) in events {
            let place = LogPlace(of: event)
            frames.writeID(place)
            let begin = frames.writerIndex
            frames.writeFrame(event)
            entries.append(
                Entry(place: place, traits: traits, frame: begin..<frames.writerIndex)
            )
            last = place
        }
        guard let last else { return nil }
        positions = start..<(last.position + 1)
        self.last = last
        self.frames = frames
        self.entries = entries
    }

    /// How much memory it holds.
    var byteCount: Int { frames.readableBytes + entries.count * MemoryLayout<Entry>.stride }

    /// The frames of the events that somebody asks for; empty where there are none.
    ///
    /// Who gets all that is there gets the page's own memory.
    func frames(of app: Identifier, _ query: EventQuery, from position: Int64) -> ByteBuffer {
        var runs: [Range<Int>] = []
        var start = 0
        for entry in entries {
            let end = entry.frame.upperBound
            defer { start = end }
            guard entry.place.position >= position, entry.traits.isFor(app, query) else { continue }
            if let run = runs.last, run.upperBound == start {
                runs[runs.count - 1] = run.lowerBound..<end
            } else {
                runs.append(start..<end)
            }
        }
        if runs.count == 1, let frames = slice(runs[0]) { return frames }
        var found = ByteBuffer()
        for run in runs { if let frames = slice(run) { found.writeImmutableBuffer(frames) } }
        return found
    }

    /// The same one by one.
    func single(of app: Identifier, _ query: EventQuery, from position: Int64) -> [Frame] {
        entries.compactMap { entry in
            guard entry.place.position >= position, entry.traits.isFor(app, query) else {
                return nil
            }
            return slice(entry.frame).map {
                Frame(place: entry.place, time: entry.traits.time, bytes: $0)
            }
        }
    }

    private func slice(_ run: Range<Int>) -> ByteBuffer? {
        frames.getSlice(at: run.lowerBound, length: run.count)
    }
}
