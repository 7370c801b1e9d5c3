import Bytes
import Diagnostics
import Values

/// The text and binary forms in which clients send values; the first byte chooses the type.
extension FuzzTarget {
    private static let types: [ValueType] =
        [
            .char, .timestampNanos, .ipv4, .long256, .interval, .shortVector, .objectID, .uuid,
            .array(of: .varchar), .array(of: .boolean),
        ] + ValueType.storable.filter { $0.isDecimal || $0.geohashBits != nil }
        + ValueType.storable.filter { $0.arrayElement != nil }

    private static let texts = [
        "x", "2026-01-02T03:04:05.123456789Z", "192.168.0.1", "0x1f9b2131d49fcd1d6b81",
        "1 year 2 mons -3 days 04:05:06.5", "1 2 3", "26", "11111111-2222-3333-4444-555555555555",
        "{a,\"b c\",NULL,\"\\\"\"}", "{t,f,NULL}", "7", "-12345678.90", "0.5e-3", "1", "0110110",
        "#u33", "u33d", "u33dc0000000", "{1.5,NULL,-Infinity}", "{{1,2},{3,NaN}}", "{1,2,NULL}",
    ]

    static let valueText = FuzzTarget(
        name: "value-text",
        makeSeeds: {
            texts.enumerated().map { [UInt8($0.offset)] + Array($0.element.utf8) }
        },
        attempt: { bytes in
            guard let first = bytes.first else { return nil }
            let type = types[Int(first) % types.count]
            let text = String(decoding: bytes.dropFirst(), as: UTF8.self)
            // A refusal is a good answer.
            guard let value = try? Value.parse(text, as: type) else { return nil }
            return survives(value, type)
        })

    static let valueBinary = FuzzTarget(
        name: "value-binary",
        makeSeeds: {
            texts.enumerated().compactMap { index, text in
                let type = types[index % types.count]
                guard let value = try? Value.parse(text, as: type) else { return nil }
                var writer = ByteWriter()
                value.appendBinary(as: type, to: &writer)
                return [UInt8(index)] + writer.bytes
            }
        },
        attempt: { bytes in
            guard let first = bytes.first else { return nil }
            let type = types[Int(first) % types.count]
            guard let value = try? Value.parseBinary(Array(bytes.dropFirst()), as: type)
            else { return nil }
            return survives(value, type)
        })

    /// Writes a value in each form and reads it back.
    private static func survives(_ value: Value, _ type: ValueType) -> String? {
        guard let text = value.text(as: type) else { return nil }
        var builder = ColumnBuilder(type: type)
        builder.append(value)
        let vector = builder.makeVector()
        if !vector.holdsOnlyValues { return "a vector refuses \(type.name) \(text)" }
        if vector.value(at: 0).text(as: type) != text {
            return "a vector changes \(type.name) \(text)"
        }
        var writer = ByteWriter()
        value.appendJSON(as: type, to: &writer)
        do throws(DatabaseError) {
            if try Value.parse(text, as: type).text(as: type) != text {
                return "text changes \(type.name) \(text)"
            }
            // Nanoseconds travel as microseconds, and cannot come back.
            if type == .timestampNanos { return nil }
            // A NUL byte in a text is refused on its way in.
            if text.utf8.contains(0) { return nil }
            writer = ByteWriter()
            value.appendBinary(as: type, to: &writer)
            if try Value.parseBinary(writer.bytes, as: type).text(as: type) != text {
                return "binary changes \(type.name) \(text)"
            }
        } catch {
            return "cannot be read back: \(type.name) \(text): \(error)"
        }
        return nil
    }
}
