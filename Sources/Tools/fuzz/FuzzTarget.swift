import Bytes
import HTTPWire
import PostgresWire
import SQL

/// A decoder of bytes from outside, with inputs to begin from.
///
/// `attempt` may throw nothing and must not trap; it returns what is wrong when a promise does not
/// hold, and nil when all is well, which includes that the input was refused.
struct FuzzTarget: Sendable {
    let name: String
    let makeSeeds: @Sendable () -> [[UInt8]]
    let attempt: @Sendable ([UInt8]) -> String?

    init(
        name: String, makeSeeds: @escaping @Sendable () -> [[UInt8]],
        attempt: @escaping @Sendable ([UInt8]) -> String?
    ) {
        self.name = name
        self.makeSeeds = makeSeeds
        self.attempt = attempt
    }

    /// - Parameter seeds: inputs to begin from; a character stands for one byte.
    init(name: String, seeds: [String], attempt: @escaping @Sendable ([UInt8]) -> String?) {
        self.init(
            name: name,
            makeSeeds: {
                seeds.map { $0.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) } }
            }, attempt: attempt)
    }

    static let all: [FuzzTarget] = [
        sqlParser, sqlExpression, json, frontend, startup, httpRequest, backupManifest,
        segment, tableManifest, log, valueText, valueBinary, csv, binaryRows,
    ]

    /// Traps on an input that takes several steps to reach: proof that a trap is found.
    static let canary = FuzzTarget(
        name: "canary", seeds: ["abcd"],
        attempt: { bytes in
            if bytes.count > 4, bytes[0] == UInt8(ascii: "a"), bytes[1] == 0xff {
                preconditionFailure("the canary was found")
            }
            return nil
        })

    private static let sqlParser = FuzzTarget(
        name: "sql",
        seeds: [
            "SELECT a, count(*) FROM t WHERE b IN ('x', 'y''z') SAMPLE BY 1h FILL(NULL)",
            "CREATE TABLE t (ts TIMESTAMP, s SYMBOL, d DOUBLE) TIMESTAMP(ts) PARTITION BY DAY",
            "INSERT INTO t VALUES ('2026-01-01', 'a', -1.5e3), (NULL, $$x$$, 1::int)",
            "BACKUP TABLE t PARTITION LIKE '%2020-01%' TO '/b' AS 'n' WITH (rate = '1MB')",
            "RESTORE TABLE t FROM 'n' INTO u FULL; SNAPSHOT PREPARE; VERIFY BACKUP 'n' DEEP",
            "WITH a AS (SELECT 1) SELECT * FROM a LEFT JOIN b ON a.x = b.x ORDER BY 1 LIMIT 5",
        ],
        attempt: { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            // A refusal is a good answer.
            guard let statements = try? Parser.parse(text) else { return nil }
            for case .select(let query) in statements.map(\.statement) {
                let printed = Printer.text(query)
                guard case .select(let again)? = try? Parser.parse(printed).first?.statement
                else { return "printed query does not parse: \(printed)" }
                let twice = Printer.text(again)
                if twice != printed { return "prints differently: \(printed) / \(twice)" }
            }
            return nil
        })

    private static let sqlExpression = FuzzTarget(
        name: "sql-expression",
        seeds: [
            "a + b * -c || 'x' = CASE WHEN d THEN 1 ELSE 2 END AND e BETWEEN 1 AND 2",
            "x::double = ANY(ARRAY[1, 2]) OR NOT (y LIKE 'a%' AND z IS NOT NULL)",
        ],
        attempt: { bytes in
            _ = try? Parser.parseExpression(String(decoding: bytes, as: UTF8.self))
            return nil
        })

    private static let json = FuzzTarget(
        name: "json",
        seeds: ["{\"a\": [1, -2.5e3, true, null, \"\\u00e9\\ud83d\\ude00\"], \"b\": {}}"],
        attempt: { bytes in
            // A refusal is a good answer.
            guard let value = try? JSONReader.read(bytes) else { return nil }
            var writer = JSONWriter()
            writer.value(value)
            return (try? JSONReader.read(writer.take())) == nil
                ? "what was read cannot be read again once written" : nil
        })

    private static let frontend = FuzzTarget(
        name: "pg-frontend",
        seeds: [
            "Q\0\0\0\u{d}SELECT 1\0", "P\0\0\0\u{10}s\0SELECT 1\0\0\0S\0\0\0\u{4}",
            "B\0\0\0\u{c}\0\0\0\0\0\0\0\0E\0\0\0\u{9}\0\0\0\0\0H\0\0\0\u{4}X\0\0\0\u{4}",
        ],
        attempt: { bytes in
            let whole = frames(bytes, cutAt: nil)
            return whole == frames(bytes, cutAt: bytes.count / 2)
                ? nil : "messages differ when the bytes come in two pieces"
        })

    private static func frames(_ bytes: [UInt8], cutAt cut: Int?) -> [FrontendFrame] {
        var decoder = FrontendDecoder()
        var result: [FrontendFrame] = []
        for piece in cut.map({ [bytes[..<$0], bytes[$0...]] }) ?? [bytes[...]] {
            decoder.append(piece)
            do {
                while let frame = try decoder.next(limit: 1 << 16) { result.append(frame) }
            } catch {
                return result
            }
        }
        return result
    }

    private static let startup = FuzzTarget(
        name: "pg-startup",
        seeds: [
            "\0\0\0\u{1e}\0\u{3}\0\0user\0admin\0database\0qdb\0\0",
            "\0\0\0\u{8}\u{4}\u{d2}\u{16}/",
            "\0\0\0\u{10}\u{4}\u{d2}\u{16}.\0\0\0\u{1}\0\0\0\u{2}",
        ],
        attempt: { bytes in
            var decoder = FrontendDecoder()
            decoder.append(bytes)
            _ = try? decoder.nextStartup()
            return nil
        })

    private static let httpRequest = FuzzTarget(
        name: "http",
        seeds: [
            "GET /exec?query=SELECT%201 HTTP/1.1\r\nHost: a\r\nAuthorization: Basic YTpi\r\n\r\n",
            "POST /imp HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\n\r\n",
            "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        ],
        attempt: { bytes in
            var parser = RequestParser()
            var events = parser.receive(bytes)
            for _ in 0..<64 where !events.isEmpty { events = parser.nextRequest() }
            return nil
        })
}
