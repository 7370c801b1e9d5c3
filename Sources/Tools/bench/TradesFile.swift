import Bytes
import Diagnostics
import Foundation
import Values

/// Writes a CSV of trades that is the same every time: ts, symbol, side, price, amount.
enum TradesFile {
    private static let pieceRows = 100_000
    /// 2026-01-01, in microseconds since 1970.
    private static let begin: Int64 = 1_767_225_600_000_000
    private static let day: Int64 = 86_400_000_000

    /// Rows spread evenly over 30 days, 500 symbols.
    static func write(rows: Int, to path: String) throws {
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let file = FileHandle(forWritingAtPath: path)
        else { throw DatabaseError(.inputOutput, "cannot create \"\(path)\"") }
        defer { try? file.close() }
        let step = 30 * day / Int64(max(rows, 1))
        var random: UInt64 = 1
        var row = 0
        while row < rows {
            var piece = ByteWriter(reserving: pieceRows * 64)
            for _ in 0..<min(pieceRows, rows - row) {
                random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let bits = random >> 33
                TimestampText.append(begin + Int64(row) * step, .iso, to: &piece)
                piece.append(",SYM\(bits % 500),".utf8)
                piece.append((bits & 1 == 0 ? "buy," : "sell,").utf8)
                appendDecimal(Int(bits % 10_000_000), places: 2, to: &piece)
                piece.append(",".utf8)
                appendDecimal(Int(bits >> 7) % 1_000_000, places: 4, to: &piece)
                piece.append("\n".utf8)
                row += 1
            }
            try file.write(contentsOf: Data(piece.bytes))
        }
    }

    private static func appendDecimal(_ value: Int, places: Int, to writer: inout ByteWriter) {
        var power = 1
        for _ in 0..<places { power *= 10 }
        writer.decimal(Int64(value / power))
        writer.append(".".utf8)
        let digits = String(value % power + power)
        writer.append(digits.utf8.dropFirst())
    }
}
