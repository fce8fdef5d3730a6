internal import CZlib

/// Compresses a stream (RFC 1952), with one member or several behind each other.
///
/// The same calls give the same bytes: no time and no name stand in the header.
@safe
package final class GzipWriter {
    private static let outputBytes = 64 << 10
    /// The largest window, and 16 for gzip's header and trailer (zlib's own coding).
    private static let windowBits: CInt = 15 + 16
    /// zlib's default: more makes little difference and takes 18 MB.
    private static let memoryLevel: CInt = 8

    private let stream: UnsafeMutablePointer<z_stream>
    private var output = [UInt8](repeating: 0, count: outputBytes)
    private var needsReset = false

    /// Begins the first member.
    package init() {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let status = unsafe deflateInit2_(
            stream,
            Z_DEFAULT_COMPRESSION,
            Z_DEFLATED,
            Self.windowBits,
            Self.memoryLevel,
            Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            CInt(MemoryLayout<z_stream>.size)
        )
        precondition(status == Z_OK, "zlib is another version, or there is no memory")
    }

    deinit {
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Takes bytes, and gives the compressed ones that are ready, often none.
    package func append(_ bytes: [UInt8]) -> [UInt8] {
        run(bytes, flush: Z_NO_FLUSH)
    }

    /// Ends the member, and gives its last bytes; a further `append` begins a new one.
    ///
    /// Without bytes since the last one it is an empty member.
    package func finish() -> [UInt8] {
        let rest = run([], flush: Z_FINISH)
        needsReset = true
        return rest
    }

    private func run(_ bytes: [UInt8], flush: CInt) -> [UInt8] {
        precondition(bytes.count <= UInt32.max, "too much to compress at once")
        if needsReset {
            unsafe deflateReset(stream)
            needsReset = false
        }
        var compressed: [UInt8] = []
        unsafe bytes.withUnsafeBufferPointer { input in
            // zlib does not write there; its declaration is older than `const`.
            unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            unsafe stream.pointee.avail_in = UInt32(input.count)
            var isFull = true
            while isFull {
                isFull = unsafe output.withUnsafeMutableBufferPointer { room in
                    unsafe stream.pointee.next_out = room.baseAddress
                    unsafe stream.pointee.avail_out = UInt32(room.count)
                    // A full output is the only way not to be done; it is emptied at once.
                    let status = unsafe deflate(stream, flush)
                    precondition(status != Z_STREAM_ERROR, "zlib's state was overwritten")
                    let count = unsafe room.count - Int(stream.pointee.avail_out)
                    unsafe compressed.append(contentsOf: room[..<count])
                    return count == room.count
                }
            }
            unsafe stream.pointee.next_in = nil
        }
        return compressed
    }
}
