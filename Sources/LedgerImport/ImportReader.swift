internal import Ledger
internal import LedgerStore
internal import Wire

/// Reads the users of a file: CSV with a header, or NDJSON; its first character tells which.
struct ImportReader {
    struct Line {
        /// Counts from 1, the header included.
        let number: Int64
        let content: Result<TakenOverUser, LineFlaw>
    }

    private enum Format {
        case csv([ImportField])
        case ndjson
    }

    /// What some programs write before UTF-8.
    private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]

    private var lines: LineReader
    private let format: Format
    /// The first line of NDJSON, which told the format.
    private var first: LineReader.Line?

    /// Reads a file from its start, and the header of CSV.
    init(_ file: ImportFile) throws(ImportError) {
        lines = LineReader(file)
        guard let line = try lines.next() else { throw .empty }
        guard var bytes = line.bytes else { throw .header }
        if bytes.starts(with: Self.mark) { bytes = bytes.dropFirst(Self.mark.count) }
        if bytes.first == UInt8(ascii: "{") {
            format = .ndjson
            first = LineReader.Line(number: line.number, bytes: bytes)
        } else {
            format = .csv(try Self.columns(bytes))
        }
    }

    /// How many bytes of the file were read.
    var offset: Int64 { lines.offset }

    /// The next user, or what is wrong with the line; nil at the end.
    ///
    /// Empty lines hold nobody and are passed over.
    mutating func next() throws(ImportError) -> Line? {
        while let line = try nextLine() {
            guard let bytes = line.bytes else {
                return Line(number: line.number, content: .failure(.tooLong))
            }
            if bytes.isEmpty { continue }
            do {
                return Line(number: line.number, content: .success(try user(bytes)))
            } catch {
                return Line(number: line.number, content: .failure(error))
            }
        }
        return nil
    }

    private mutating func nextLine() throws(ImportError) -> LineReader.Line? {
        guard let line = first else { return try lines.next() }
        first = nil
        return line
    }

    private static func columns(
        _ header: ArraySlice<UInt8>
    ) throws(ImportError) -> [ImportField] {
        guard let fields = try? CSVLine.fields(header) else { throw .header }
        let columns = fields.compactMap { field in
            ImportField(rawValue: String(decoding: field, as: UTF8.self))
        }
        guard columns.count == fields.count, columns.count == ImportField.allCases.count,
            Set(columns).count == columns.count
        else { throw .header }
        return columns
    }

    private func user(_ line: ArraySlice<UInt8>) throws(LineFlaw) -> TakenOverUser {
        var texts: [ImportField: String] = [:]
        switch format {
        case .csv(let columns):
            let fields = try CSVLine.fields(line)
            guard fields.count == columns.count else { throw .fieldCount }
            for (column, field) in zip(columns, fields) {
                guard let text = String(validating: field, as: UTF8.self) else { throw .notUTF8 }
                texts[column] = text
            }
        case .ndjson:
            let json = try? JSONParser.parse(Array(line), depthMax: ImportLimits.depthMax)
            guard let members = json?.members, members.count == ImportField.allCases.count else {
                throw .notTheFour
            }
            for member in members {
                guard let field = ImportField(rawValue: member.name), let text = member.value.text
                else { throw .notTheFour }
                texts[field] = text
            }
        }
        func value(_ field: ImportField, _ flaw: LineFlaw) throws(LineFlaw) -> Secret {
            // A member that is there twice leaves another one out.
            guard let text = texts[field] else { throw .notTheFour }
            guard field.accepts(text) else { throw flaw }
            return Secret(text)
        }
        return TakenOverUser(
            clientUserID: try value(.clientUserID, .clientUserID),
            humanID: try value(.humanID, .humanID),
            accessToken: try value(.accessToken, .accessToken),
            publicToken: try value(.publicToken, .publicToken)
        )
    }
}
