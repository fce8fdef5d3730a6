internal import Ledger
internal import LedgerStore
internal import NIOCore

/// A stretch of a log as it is sent: spelled once, for all who follow.
struct FeedPage: Sendable {
    private struct Entry: Sendable {
        let position: Int64
        let traits: EventTraits
        /// Where its frame ends.
        let end: Int
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
            frames.writeFrame(event, at: place)
            entries.append(
                Entry(position: event.position, traits: traits, end: frames.writerIndex)
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
            defer { start = entry.end }
            guard entry.position >= position, entry.traits.isFor(app, query) else { continue }
            if let run = runs.last, run.upperBound == start {
                runs[runs.count - 1] = run.lowerBound..<entry.end
            } else {
                runs.append(start..<entry.end)
            }
        }
        if runs.count == 1, let frames = slice(runs[0]) { return frames }
        var found = ByteBuffer()
        for run in runs { if let frames = slice(run) { found.writeImmutableBuffer(frames) } }
        return found
    }

    private func slice(_ run: Range<Int>) -> ByteBuffer? {
        frames.getSlice(at: run.lowerBound, length: run.count)
    }
}
