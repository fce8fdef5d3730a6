internal import HTTPTypes
package import Hummingbird
internal import NIOCore

/// Why a body cannot be had.
package enum BodyError: Error {
    case tooLarge
    /// It ends early, or is not framed as it must be.
    case broken
}

extension Request {
    /// The whole body, of so many bytes at most.
    package func wholeBody(upTo bytesMax: Int) async throws(BodyError) -> [UInt8] {
        // Who announces too much is not read at all: many of them would fill the memory with beginnings.
        if let length = headers[.contentLength].flatMap({ Int($0) }), length > bytesMax {
            throw .tooLarge
        }
        do {
            return Array(try await body.collect(upTo: bytesMax).readableBytesView)
        } catch is NIOTooManyBytesError {
            throw .tooLarge
        } catch {
            throw .broken
        }
    }
}
