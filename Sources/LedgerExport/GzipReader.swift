internal import CZlib

/// Expands a stream of gzip members (RFC 1952) piece by piece, however large it turns out to be.
@safe
package final class GzipReader {
    /// How much one call gives at most, whatever the input promises.
    package static let outputBytesMax = 64 << 10
    /// The first bytes of every member.
    package static let magic: [UInt8] = [0x1F, 0x8B]
    private static let windowBits: CInt = 15 + 16

    private enum State { case start, member, end }

    private let stream: UnsafeMutablePointer<z_stream>
    private var output = [UInt8](repeating: 0, count: outputBytesMax)
    private var state = State.start

    /// Waits for the first member.
    package init() {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let status = unsafe inflateInit2_(
            stream,
            Self.windowBits,
            ZLIB_VERSION,
            CInt(MemoryLayout<z_stream>.size)
        )
        precondition(status == Z_OK, "zlib is another version, or there is no memory")
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Takes bytes off the input, and gives what they expand to.
    ///
    /// Nothing comes once the input is used up and everything was given: call it until then.
    package func read(_ input: inout ArraySlice<UInt8>) throws(GzipError) -> [UInt8] {
        precondition(input.count <= UInt32.max, "too much to expand at once")
        var filled = 0
        while filled < output.count {
            if state != .member {
                guard !input.isEmpty else { break }
                if state == .end { unsafe inflateReset(stream) }
                state = .member
            }
            let (status, taken, given) = step(input, from: filled)
            input = input.dropFirst(taken)
            filled += given
            switch status {
            case Z_STREAM_END: state = .end
            case Z_OK: break
            case Z_BUF_ERROR: return Array(output[..<filled])
            default: throw .damaged
            }
        }
        return Array(output[..<filled])
    }

    private func step(_ input: ArraySlice<UInt8>, from start: Int) -> (CInt, Int, Int) {
        unsafe input.withUnsafeBufferPointer { bytes in
            unsafe output.withUnsafeMutableBufferPointer { room in
                unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)
                unsafe stream.pointee.avail_in = UInt32(bytes.count)
                unsafe stream.pointee.next_out = room.baseAddress.map { unsafe $0 + start }
                unsafe stream.pointee.avail_out = UInt32(room.count - start)
                let status = unsafe inflate(stream, Z_NO_FLUSH)
                let taken = unsafe bytes.count - Int(stream.pointee.avail_in)
                let given = unsafe room.count - start - Int(stream.pointee.avail_out)
                unsafe stream.pointee.next_in = nil
                return (status, taken, given)
            }
        }
    }

    /// Makes sure that the input ended where a member ended.
    package func finish() throws(GzipError) {
        guard state == .end else { throw .truncated }
    }
}

/// Why bytes are not gzip's.
package enum GzipError: Error, Equatable {
    /// They are no member, or a member's checksum is that of other content.
    case damaged
    /// They end within a member.
    case truncated
}

extension GzipError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .damaged: "the compressed bytes are damaged"
        case .truncated: "the compressed bytes are cut off"
        }
    }
}
