package import Bytes

/// Writing floating point numbers with as few digits as read back to the same number.
package enum DoubleText {
    /// PostgreSQL's spelling: `1`, `0.1`, `1e+15`, `1e-05`, `NaN`, `Infinity`.
    package static func appendPostgres(_ value: Double, to writer: inout ByteWriter) {
        append(value.description, isFinite: value.isFinite, value < 0, 15, to: &writer)
    }

    package static func appendPostgres(_ value: Float, to writer: inout ByteWriter) {
        append(value.description, isFinite: value.isFinite, value < 0, 6, to: &writer)
    }

    private static func append(
        _ description: String, isFinite: Bool, _ isNegative: Bool, _ fixedBelow: Int,
        to writer: inout ByteWriter
    ) {
        guard isFinite else {
            let name = description == "nan" ? "NaN" : isNegative ? "-Infinity" : "Infinity"
            writer.append((description.hasSuffix("nan") ? "NaN" : name).utf8)
            return
        }
        let parts = Digits(description)
        if parts.isNegative { writer.append("-".utf8) }
        let digits = parts.digits
        let exponent = parts.exponent
        if digits.isEmpty {
            writer.append("0".utf8)
        } else if exponent < -4 || exponent >= fixedBelow {
            appendScientific(digits, exponent, to: &writer)
        } else if exponent < 0 {
            writer.append("0.".utf8)
            writer.append(repeatElement(UInt8(ascii: "0"), count: -exponent - 1))
            writer.append(digits)
        } else {
            writer.append(digits.prefix(exponent + 1))
            let missing = exponent + 1 - digits.count
            if missing > 0 { writer.append(repeatElement(UInt8(ascii: "0"), count: missing)) }
            if missing < 0 {
                writer.append(".".utf8)
                writer.append(digits.dropFirst(exponent + 1))
            }
        }
    }

    private static func appendScientific(
        _ digits: [UInt8], _ exponent: Int, to writer: inout ByteWriter
    ) {
        writer.append(digits.prefix(1))
        if digits.count > 1 {
            writer.append(".".utf8)
            writer.append(digits.dropFirst())
        }
        writer.append((exponent < 0 ? "e-" : "e+").utf8)
        let size = abs(exponent)
        if size < 10 { writer.append("0".utf8) }
        writer.append("\(size)".utf8)
    }

    /// A number's shortest digits without zeros at either end, and the power of ten of the first.
    private struct Digits {
        var isNegative = false
        var digits: [UInt8] = []
        var exponent = 0

        init(_ description: String) {
            var pointAt: Int?
            var power = 0
            var all: [UInt8] = []
            var rest = Array(description.utf8)[...]
            if rest.first == UInt8(ascii: "-") {
                isNegative = true
                rest.removeFirst()
            }
            while let byte = rest.popFirst() {
                switch byte {
                case UInt8(ascii: "."): pointAt = all.count
                case UInt8(ascii: "e"):
                    power = Int(String(decoding: rest, as: UTF8.self)) ?? 0
                    rest = []
                default: all.append(byte)
                }
            }
            let zeros = all.prefix { $0 == UInt8(ascii: "0") }.count
            digits = Array(all.dropFirst(zeros))
            exponent = (pointAt ?? all.count) - 1 - zeros + power
            while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        }
    }
}
