// Members with their values: the first of some, or one that is always there and never the first.

extension RecordReader {
    mutating func firstIdentifier(
        _ name: StaticString
    ) throws(RecordError) -> Identifier {
        try literal("\"")
        try literal(name)
        try literal("\":")
        return try identifier()
    }

    mutating func nextIdentifier(
        _ name: StaticString
    ) throws(RecordError) -> Identifier {
        try next(name)
        return try identifier()
    }

    mutating func nextFingerprint(
        _ name: StaticString
    ) throws(RecordError) -> Fingerprint {
        try next(name)
        return try fingerprint()
    }

    mutating func nextInteger(_ name: StaticString) throws(RecordError) -> Int64 {
        try next(name)
        return try integer()
    }

    mutating func nextString(_ name: StaticString) throws(RecordError) -> String {
        try next(name)
        return try string()
    }
}
