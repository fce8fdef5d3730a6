internal import Ledger
internal import LedgerStore
internal import NIOCore

extension ByteBuffer {
    /// Writes an entry of a list of events: the record as stored, byte for byte, with its place.
    mutating func writeEntry(_ event: StoredEvent) {
        writeString("{\"position\":\(event.position),")
        // Which log it is, is said where there are several.
        if event.log.pair > 0 { writeString("\"log\":\"\(event.log.name)\",") }
        if event.isForged { writeString("\"forged\":true,") }
        writeString("\"event\":")
        writeBytes(event.bytes)
        writeString("}")
    }

    /// Writes with what a client comes back once it has got what follows.
    mutating func writeID(_ id: some CustomStringConvertible) {
        writeString("id: \(id)\n")
    }

    /// Writes an entry as a server-sent event (WHATWG HTML, section 9.2), but for its id.
    mutating func writeFrame(_ event: StoredEvent) {
        // What the service did not write has no type that anybody could trust.
        if let record = try? event.record() { writeString("event: \(record.event.type)\n") }
        writeStaticString("data: ")
        if event.isForged {
            var entry = ByteBuffer()
            entry.writeEntry(event)
            writeLines(entry.readableBytesView)
        } else {
            // A record is one line.
            writeEntry(event)
        }
        writeStaticString("\n\n")
    }

    /// Writes bytes of which nobody knows whether they are one line: what came after the first one would
    /// be taken for fields of ours.
    private mutating func writeLines(_ bytes: ByteBufferView) {
        for byte in bytes {
            guard byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") else {
                writeInteger(byte)
                continue
            }
            writeStaticString("\ndata: ")
        }
    }

    /// Writes how long to wait before coming again.
    mutating func writeRetry(_ time: Duration) {
        writeString("retry: \(Int(time / .milliseconds(1)))\n")
    }

    /// Writes a comment, of which clients make nothing, and ends what stands before it: without data
    /// it is no event, but its id, if it has one, is taken.
    mutating func writeComment(_ text: StaticString) {
        writeStaticString(": ")
        writeStaticString(text)
        writeStaticString("\n\n")
    }
}
