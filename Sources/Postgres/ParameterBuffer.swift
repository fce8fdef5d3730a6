import CLibPQ

/// All parameters of one statement, encoded one behind the other into one piece of memory.
struct ParameterBuffer {
    private(set) var types: [Oid] = []
    private var bytes: [UInt8]
    /// Where each value begins; nil stands for NULL.
    private var offsets: [Int?] = []
    private var lengths: [Int32] = []

    /// The length libpq's wire format gives to a NULL element.
    private static let nullLength: Int32 = -1
    /// Dimensions, null flag, element type, length, lower bound: what an array begins with.
    private static let arrayHeaderBytes = 20
    /// Every element of an array has its length before it.
    private static let elementHeaderBytes = 4
    /// How many fields follow: what a row begins with.
    private static let rowHeaderBytes = 4
    /// Every field of a row has its type and its length before it.
    private static let fieldHeaderBytes = 8

    init(_ parameters: [PostgresParameter]) {
        // One byte more than needed, so that an empty value still has an address: libpq takes
        // a null pointer for NULL.
        bytes = [0]
        bytes.reserveCapacity(parameters.reduce(1) { $0 + Self.estimatedBytes($1) })
        types.reserveCapacity(parameters.count)
        offsets.reserveCapacity(parameters.count)
        lengths.reserveCapacity(parameters.count)
        for parameter in parameters {
            let start = bytes.count
            types.append(parameter.type.rawValue)
            if append(parameter) {
                offsets.append(start)
                lengths.append(Int32(bytes.count - start))
            } else {
                offsets.append(nil)
                lengths.append(0)
            }
        }
    }

    /// Lends the parameters in the shape `PQsendQueryPrepared` takes them.
    @safe func withPointers<Value>(
        _ body: (
            _ values: UnsafePointer<UnsafePointer<CChar>?>?, _ lengths: UnsafePointer<Int32>?,
            _ formats: UnsafePointer<Int32>?
        ) -> Value
    ) -> Value {
        let formats = [Int32](repeating: 1, count: types.count)
        return unsafe bytes.withUnsafeBufferPointer { bytes in
            let start = unsafe UnsafeRawPointer(bytes.baseAddress)
            let values = unsafe offsets.map { offset -> UnsafePointer<CChar>? in
                guard let offset else { return nil }
                return unsafe start?.advanced(by: offset).assumingMemoryBound(to: CChar.self)
            }
            return unsafe values.withUnsafeBufferPointer { values in
                unsafe lengths.withUnsafeBufferPointer { lengths in
                    unsafe formats.withUnsafeBufferPointer { formats in
                        unsafe body(values.baseAddress, lengths.baseAddress, formats.baseAddress)
                    }
                }
            }
        }
    }

    /// Appends one parameter; false for NULL.
    private mutating func append(_ parameter: PostgresParameter) -> Bool {
        switch parameter {
        case .null: return false
        case .bool(let value): return append(value) { $0.appendValue($1) }
        case .int4(let value): return append(value) { $0.appendInteger($1) }
        case .int8(let value): return append(value) { $0.appendInteger($1) }
        case .text(let value): return append(value) { $0.bytes.append(contentsOf: $1.utf8) }
        case .bytea(let value), .json(let value):
            return append(value) { $0.bytes.append(contentsOf: $1) }
        case .uuid(let value): return append(value) { $0.appendInteger($1) }
        case .timestamptz(let value): return append(value) { $0.appendTimestamp($1) }
        case .boolArray(let values): appendArray(values, of: .bool) { $0.appendValue($1) }
        case .int4Array(let values): appendArray(values, of: .int4) { $0.appendInteger($1) }
        case .int8Array(let values): appendArray(values, of: .int8) { $0.appendInteger($1) }
        case .textArray(let values):
            appendArray(values, of: .text) { $0.bytes.append(contentsOf: $1.utf8) }
        case .byteaArray(let values):
            appendArray(values, of: .bytea) { $0.bytes.append(contentsOf: $1) }
        case .uuidArray(let values): appendArray(values, of: .uuid) { $0.appendInteger($1) }
        case .timestamptzArray(let values):
            appendArray(values, of: .timestamptz) { $0.appendTimestamp($1) }
        case .row(let row): return append(row) { $0.appendRow($1) }
        case .rowArray(let rows): appendArray(rows, of: .inferred) { $0.appendRow($1) }
        }
        return true
    }

    private mutating func append<Value>(
        _ value: Value?,
        with encode: (inout ParameterBuffer, Value) -> Void
    ) -> Bool {
        guard let value else { return false }
        encode(&self, value)
        return true
    }

    /// PostgreSQL's binary array (`array_recv`): header, then each element with its length.
    private mutating func appendArray<Element>(
        _ elements: [Element?],
        of type: PostgresType,
        with encode: (inout ParameterBuffer, Element) -> Void
    ) {
        appendInteger(Int32(elements.isEmpty ? 0 : 1))
        appendInteger(Int32(elements.contains { $0 == nil } ? 1 : 0))
        appendInteger(type.rawValue)
        guard !elements.isEmpty else { return }
        appendInteger(Int32(elements.count))
        appendInteger(Int32(1))
        for element in elements {
            appendInteger(Self.nullLength)
            guard let element else { continue }
            let start = bytes.count
            encode(&self, element)
            setLength(before: start)
        }
    }

    /// PostgreSQL's binary row (`record_recv`): how many fields, then each with its type and its
    /// length.
    private mutating func appendRow(_ row: PostgresRow) {
        appendInteger(Int32(row.fields.count))
        for field in row.fields {
            // Type and length at once, for there are many fields.
            let noLength = UInt64(UInt32(bitPattern: Self.nullLength))
            appendInteger(UInt64(field.type.rawValue) << 32 | noLength)
            let start = bytes.count
            if append(field) { setLength(before: start) }
        }
    }

    /// Writes the length of what was appended from `start` on into the place before it.
    private mutating func setLength(before start: Int) {
        let length = UInt32(bytes.count - start)
        for index in 0..<Self.elementHeaderBytes {
            let shift = 8 * (Self.elementHeaderBytes - 1 - index)
            bytes[start - Self.elementHeaderBytes + index] =
                UInt8(truncatingIfNeeded: length >> shift)
        }
    }

    private mutating func appendValue(_ value: Bool) {
        bytes.append(value ? 1 : 0)
    }

    private mutating func appendTimestamp(_ value: Int64) {
        appendInteger(PostgresTimestamp.encoded(microsecondsSince1970: value))
    }

    /// Numbers travel in network byte order.
    private mutating func appendInteger<Integer: FixedWidthInteger & BitwiseCopyable>(
        _ value: Integer
    ) {
        unsafe withUnsafeBytes(of: value.bigEndian) { unsafe bytes.append(contentsOf: $0) }
    }

    /// About how many bytes a parameter takes, so that the memory is asked for once.
    private static func estimatedBytes(_ parameter: PostgresParameter) -> Int {
        func array<Element>(_ elements: [Element?], _ size: (Element) -> Int) -> Int {
            elements.reduce(arrayHeaderBytes) { total, element in
                total + elementHeaderBytes + (element.map(size) ?? 0)
            }
        }
        return switch parameter {
        case .null, .bool: 1
        case .int4: 4
        case .int8, .timestamptz: 8
        case .uuid: 16
        case .text(let value): value?.utf8.count ?? 0
        case .bytea(let value), .json(let value): value?.count ?? 0
        case .boolArray(let values): arrayHeaderBytes + values.count * 5
        case .int4Array(let values): arrayHeaderBytes + values.count * 8
        case .int8Array(let values), .timestamptzArray(let values):
            arrayHeaderBytes + values.count * 12
        case .uuidArray(let values): arrayHeaderBytes + values.count * 20
        case .textArray(let values): array(values) { $0.utf8.count }
        case .byteaArray(let values): array(values) { $0.count }
        case .row(let row): row.map(estimatedBytes) ?? 0
        case .rowArray(let rows): array(rows, estimatedBytes)
        }
    }

    private static func estimatedBytes(_ row: PostgresRow) -> Int {
        row.fields.reduce(rowHeaderBytes) { $0 + fieldHeaderBytes + estimatedBytes($1) }
    }
}
