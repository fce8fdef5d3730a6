import Postgres
import TestSupport
import Testing

@Suite("Parameters and results", .timeLimit(.minutes(5)))
struct ParameterTests {
    /// One element of an array of every type.
    private struct Row: Equatable {
        var bool: Bool?
        var int4: Int32?
        var int8: Int64?
        var text: String?
        var bytes: [UInt8]?
        var uuid: UInt128?
        var timestamptz: Int64?
    }

    @Test("single values come back as they were sent")
    func singleValues() async throws {
        let connection = try await connect()
        let statement = Statement(
            "single_values",
            "SELECT $1, $2, $3, $4, $5, $6, $7, $8",
            .bool(true),
            .int4(.min),
            .int8(.max),
            .text("Zoë 🧪 \u{1F468}\u{200D}\u{1F469}"),
            .bytea([0, 255, 39, 92]),
            .uuid(0x0123_4567_89AB_CDEF_FEDC_BA98_7654_3210),
            .timestamptz(microsecondsSince1970: -1),
            .bool(false)
        )
        try await connection.query(statement) { result throws(PostgresError) in
            #expect(result.rowCount == 1)
            #expect(result.columnCount == 8)
            #expect(try result.bool(0, 0))
            #expect(try result.int4(0, 1) == .min)
            #expect(try result.int8(0, 2) == .max)
            #expect(try result.text(0, 3) == "Zoë 🧪 \u{1F468}\u{200D}\u{1F469}")
            #expect(try result.bytes(0, 4) == [0, 255, 39, 92])
            #expect(try result.uuid(0, 5) == 0x0123_4567_89AB_CDEF_FEDC_BA98_7654_3210)
            #expect(try result.timestamptz(0, 6) == -1)
            #expect(try !result.bool(0, 7))
        }
    }

    @Test("the server understands values as they are meant")
    func serverAgrees() async throws {
        let connection = try await connect()
        let statement = Statement(
            "server_agrees",
            """
            SELECT $1::text = '-2147483648', $2::text = '00010203-0405-0607-0809-0a0b0c0d0e0f',
                $3 = timestamptz '2001-09-09 01:46:40.000001Z', $4::text = '\\x00ff',
                $5 = '{1,NULL,-3}'::bigint[], array_lower($5, 1) = 1, cardinality($6) = 0,
                $7 = ARRAY['', NULL, 'é']
            """,
            .int4(.min),
            .uuid(0x0001_0203_0405_0607_0809_0A0B_0C0D_0E0F),
            .timestamptz(microsecondsSince1970: 1_000_000_000_000_001),
            .bytea([0, 255]),
            .int8Array([1, nil, -3]),
            .uuidArray([]),
            .textArray(["", nil, "é"])
        )
        try await connection.query(statement) { result throws(PostgresError) in
            for column in 0..<result.columnCount {
                let holds = try result.bool(0, column)
                #expect(holds, "column \(column)")
            }
        }
    }

    @Test("a value without a byte is not NULL")
    func emptyValues() async throws {
        let connection = try await connect()
        let statement = Statement("empty_values", "SELECT $1, $2", .text(""), .bytea([]))
        try await connection.query(statement) { result throws(PostgresError) in
            #expect(try result.textOrNil(0, 0) == "")
            #expect(try result.bytesOrNil(0, 1) == [])
        }
    }

    @Test("NULL comes back as nil from every type")
    func nulls() async throws {
        let connection = try await connect()
        let statement = Statement(
            "nulls",
            "SELECT $1, $2, $3, $4, $5, $6, $7, $8 IS NULL",
            .bool(nil),
            .int4(nil),
            .int8(nil),
            .text(nil),
            .bytea(nil),
            .uuid(nil),
            .timestamptz(microsecondsSince1970: nil),
            .null(.textArray)
        )
        try await connection.query(statement) { result throws(PostgresError) in
            #expect(try result.boolOrNil(0, 0) == nil)
            #expect(try result.int4OrNil(0, 1) == nil)
            #expect(try result.int8OrNil(0, 2) == nil)
            #expect(try result.textOrNil(0, 3) == nil)
            #expect(try result.bytesOrNil(0, 4) == nil)
            #expect(try result.uuidOrNil(0, 5) == nil)
            #expect(try result.timestamptzOrNil(0, 6) == nil)
            #expect(try result.bool(0, 7))
            #expect(throws: PostgresError.self) { try result.text(0, 3) }
        }
    }

    @Test("arrays of every type come back element by element, with their NULLs")
    func arrays() async throws {
        let connection = try await connect()
        let statement = Statement(
            "arrays",
            "SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7) WITH ORDINALITY ORDER BY ordinality",
            .boolArray([true, nil, false]),
            .int4Array([1, nil, -3]),
            .int8Array([.max, nil, .min]),
            .textArray(["", nil, "'{\",}\\ é"]),
            .byteaArray([[], nil, [0, 1, 255]]),
            .uuidArray([0, nil, .max]),
            .timestamptzArray([0, nil, 1_700_000_000_123_456])
        )
        let rows = try await connection.query(statement) { result throws(PostgresError) in
            var rows: [Row] = []
            for row in 0..<result.rowCount {
                rows.append(
                    Row(
                        bool: try result.boolOrNil(row, 0),
                        int4: try result.int4OrNil(row, 1),
                        int8: try result.int8OrNil(row, 2),
                        text: try result.textOrNil(row, 3),
                        bytes: try result.bytesOrNil(row, 4),
                        uuid: try result.uuidOrNil(row, 5),
                        timestamptz: try result.timestamptzOrNil(row, 6)
                    )
                )
            }
            return rows
        }
        #expect(
            rows == [
                Row(bool: true, int4: 1, int8: .max, text: "", bytes: [], uuid: 0, timestamptz: 0),
                Row(),
                Row(
                    bool: false,
                    int4: -3,
                    int8: .min,
                    text: "'{\",}\\ é",
                    bytes: [0, 1, 255],
                    uuid: .max,
                    timestamptz: 1_700_000_000_123_456
                ),
            ]
        )
    }

    @Test("an array of ten thousand elements arrives whole")
    func largeArray() async throws {
        let connection = try await connect()
        let values = (0..<10_000).map { Optional(String(repeating: "x", count: $0 % 50)) }
        let statement = Statement(
            "large_array",
            "SELECT sum(length(value)), count(*) FROM unnest($1) AS value",
            .textArray(values)
        )
        let total = values.reduce(0) { $0 + ($1?.count ?? 0) }
        try await connection.query(statement) { result throws(PostgresError) in
            #expect(try result.int8(0, 0) == Int64(total))
            #expect(try result.int8(0, 1) == 10_000)
        }
    }

    @Test("rows of a composite type arrive field by field, also rows within rows")
    func rows() async throws {
        let connection = try await connect()
        try await connection.script(
            """
            CREATE TYPE pg_temp.part AS (number bigint, note text);
            CREATE TYPE pg_temp.whole AS (
                id uuid, at timestamptz, document json, names text[], parts pg_temp.part[]);
            """
        )
        let parts = [PostgresRow(.int8(1), .text("")), PostgresRow(.int8(nil), .text("é"))]
        let whole = PostgresRow(
            .uuid(7),
            .timestamptz(microsecondsSince1970: 0),
            .json(Array("{ \"a\" :1}".utf8)),
            .textArray(["x", nil]),
            .rowArray(parts)
        )
        let empty = PostgresRow(
            .uuid(nil),
            .timestamptz(microsecondsSince1970: nil),
            .json(nil),
            .textArray([]),
            .rowArray([])
        )
        let statement = Statement(
            "rows",
            """
            SELECT ($1::pg_temp.whole[])::text = ARRAY[
                    ROW('00000000-0000-0000-0000-000000000007', 'epoch', '{ "a" :1}', '{x,NULL}',
                        ARRAY[ROW(1, ''), ROW(NULL, 'é')]::pg_temp.part[])::pg_temp.whole,
                    ROW(NULL, NULL, NULL, '{}', '{}')::pg_temp.whole
                ]::text,
                ($2::pg_temp.part).note = '', $3::pg_temp.part IS NULL,
                cardinality($4::pg_temp.part[]) = 0
            """,
            .rowArray([whole, empty]),
            .row(parts[0]),
            .row(nil),
            .rowArray([])
        )
        try await connection.query(statement) { result throws(PostgresError) in
            for column in 0..<result.columnCount {
                let holds = try result.bool(0, column)
                #expect(holds, "column \(column)")
            }
        }
    }

    @Test("a row that is not of its type is refused")
    func wrongRows() async throws {
        let connection = try await connect()
        try await connection.script("CREATE TYPE pg_temp.pair AS (number bigint, note text)")
        for row in [
            PostgresRow(.int8(1)), PostgresRow(.int8(1), .int8(2)),
            PostgresRow(.int8(1), .text("a"), .text("b")), PostgresRow(),
        ] {
            let error = await #expect(throws: PostgresError.self) {
                try await connection.query(
                    Statement("wrong_rows", "SELECT $1::pg_temp.pair", .row(row))
                ) { _ in }
            }
            #expect(error?.sqlState?.rawValue == "42804")
        }
    }

    @Test("integers are read from narrower columns, and from wider ones when they fit")
    func integerWidths() async throws {
        let connection = try await connect()
        let statement = Statement(
            "integer_widths",
            "SELECT 7::int2, 8::int4, 9::int8, 1::int8 << 40"
        )
        try await connection.query(statement) { result throws(PostgresError) in
            #expect(try result.int8(0, 0) == 7)
            #expect(try result.int8(0, 1) == 8)
            #expect(try result.int4(0, 2) == 9)
            #expect(throws: PostgresError.self) { try result.int4(0, 3) }
        }
    }

    @Test("text is read from the types that look like it")
    func textTypes() async throws {
        let connection = try await connect()
        let statement = Statement(
            "text_types",
            "SELECT 'a'::name, 'b'::varchar, 'c'::\"char\", '{\"d\":1}'::json"
        )
        try await connection.query(statement) { result throws(PostgresError) in
            #expect(try result.text(0, 0) == "a")
            #expect(try result.text(0, 1) == "b")
            #expect(try result.text(0, 2) == "c")
            #expect(try result.text(0, 3) == "{\"d\":1}")
        }
    }

    @Test("another type than asked for is refused, with the name of the statement")
    func wrongTypes() async throws {
        let connection = try await connect()
        let statement = Statement("wrong_types", "SELECT 1::int4, 'infinity'::timestamptz")
        for read in 0..<7 {
            let error = await #expect(throws: PostgresError.self) {
                try await connection.query(statement) { result throws(PostgresError) in
                    switch read {
                    case 0: _ = try result.text(0, 0)
                    case 1: _ = try result.bool(0, 0)
                    case 2: _ = try result.bytes(0, 0)
                    case 3: _ = try result.uuid(0, 0)
                    case 4: _ = try result.timestamptz(0, 0)
                    case 5: _ = try result.int8(0, 1)
                    default: _ = try result.timestamptz(0, 1)
                    }
                }
            }
            #expect(error?.code == .decodingFailed)
            #expect(error?.statementName == "wrong_types")
        }
    }

    private func connect() async throws -> PostgresConnection {
        try await PostgresConnection.connect(PostgresConfiguration(url: TestPostgres.url()))
    }
}
