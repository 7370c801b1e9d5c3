import Backup
import Bytes
import Platform

/// Files that a root or a backup consists of. Each input is tried as it is, and with its checksums
/// made right again, to reach what lies behind them.
extension FuzzTarget {
    static let segment = file("segment", { $0.segment }, resigning: resignedSegment)
    static let tableManifest = file("manifest", { $0.manifest }, resigning: resignedManifest)
    static let log = file("wal", { $0.log }, resigning: resignedLog)

    private static func file(
        _ name: String, _ sample: @escaping @Sendable (FuzzRoot) -> FuzzRoot.Sample,
        resigning: @escaping @Sendable ([UInt8]) -> [UInt8]
    ) -> FuzzTarget {
        FuzzTarget(
            name: name,
            makeSeeds: {
                guard case .success(let root) = FuzzRoot.shared else { return [] }
                return [sample(root).bytes]
            },
            attempt: { bytes in
                switch FuzzRoot.shared {
                case .failure(let error): return "no root to try: \(error)"
                case .success(let root):
                    for input in [bytes, resigning(bytes)] {
                        if let wrong = root.attempt(sample(root), input) { return wrong }
                        if name == "segment", let wrong = root.inspect(input) { return wrong }
                    }
                    return nil
                }
            })
    }

    static let backupManifest = FuzzTarget(
        name: "backup-manifest",
        makeSeeds: { [manifestText, resignedBackup(manifestText)] },
        attempt: { bytes in
            for input in [bytes, resignedBackup(bytes)] {
                guard let read = try? BackupManifest.decode(input, path: "x") else { continue }
                // A refusal is a good answer; what was taken must survive being written.
                guard (try? BackupManifest.decode(read.encoded, path: "x")) == read else {
                    return "what was read reads differently once written"
                }
                // What backups() and `basalt backup list` ask for.
                guard read.bytesCopied + read.bytesLinked == read.bytes, read.rows >= 0,
                    read.partitions >= 0, read.tableCount <= read.tables.count
                else { return "sums that make no sense" }
            }
            return nil
        })

    private static let manifestText = Array(
        #"""
        {"basalt":"backup","format":1,"id":"i","name":"n","kind":"full","scope":"database",
        "parent":null,"parent_id":null,"database":"d","timeline":"t","lsn":7,"started_at":1,
        "finished_at":2,"duration_microseconds":1,"software":"s","requested_by":"r",
        "comment":null,"tables":[{"id":1,"schema":"public","name":"t","directory":"t~1",
        "partitions":1,"rows":2,"bytes":3,"min_timestamp":null,"max_timestamp":4},
        {"id":2,"kind":"table","schema":"public","name":"u","directory":"u~2",
        "partitions":9223372036854775806,"rows":9223372036854775804,"bytes":3,
        "min_timestamp":-9223372036854775807,"max_timestamp":9223372036854775807}],
        "files":[{"path":"db/_database","bytes":3,
        "sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "origin":"written","segment":null},{"path":"db/u~2/all/s.seg","bytes":9223372036854775801,
        "sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "origin":"linked","segment":"s","read_at":-9223372036854775807}]}
        """#.utf8)

    // MARK: Making checksums right, see docs/formats/

    private static func resignedBackup(_ bytes: [UInt8]) -> [UInt8] {
        var text = bytes
        // With a checksum already, however wrong it is by now, that one goes.
        let tail = 64 + "\"checksum\":\"".utf8.count + "\"}\n".utf8.count
        if text.last == UInt8(ascii: "\n"), text.count > tail {
            text.removeLast(tail)
        } else {
            if text.last == UInt8(ascii: "}") { text.removeLast() }
            text.append(UInt8(ascii: ","))
        }
        let digest = SHA256.digest(text).map { byte in
            byte < 16 ? "0" + String(byte, radix: 16) : String(byte, radix: 16)
        }
        return text + Array("\"checksum\":\"\(digest.joined())\"}\n".utf8)
    }

    private static func resignedManifest(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.count > 24 else { return bytes }
        var result = bytes
        put(UInt64(bytes.count - 24), at: 12, into: &result)
        put(CRC32C.checksum(result.dropLast(4)), at: bytes.count - 4, into: &result)
        return result
    }

    private static func resignedSegment(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.count > 96 else { return bytes }
        var result = bytes
        put(CRC32C.checksum(result[..<24]), at: 24, into: &result)
        let trailer = bytes.count - 32
        let begin = number(at: trailer, in: bytes)
        let length = number(at: trailer + 8, in: bytes)
        guard let begin, let length, begin <= trailer, length <= trailer - begin else {
            return result
        }
        put(CRC32C.checksum(result[begin..<begin + length]), at: trailer + 16, into: &result)
        return result
    }

    /// The file's header and its first frame; the frames behind it name the old checksum.
    private static func resignedLog(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.count > 128 else { return bytes }
        var result = bytes
        put(CRC32C.checksum(result[..<60]), at: 60, into: &result)
        let payload = min(number(at: 72, in: bytes) ?? 0, bytes.count - 128)
        put(UInt64(payload), at: 72, into: &result)
        put(CRC32C.checksum(result[128..<128 + payload]), at: 108, into: &result)
        put(CRC32C.checksum(result[72..<128]), at: 68, into: &result)
        return result
    }

    private static func number(at offset: Int, in bytes: [UInt8]) -> Int? {
        var reader = ByteReader(bytes[offset..<offset + 8])
        // Always eight bytes; a number above what an Int holds leads nowhere.
        return (try? reader.integer(UInt64.self)).flatMap { Int(exactly: $0) }
    }

    private static func put<T: FixedWidthInteger>(
        _ value: T, at offset: Int, into bytes: inout [UInt8]
    ) {
        for index in 0..<T.bitWidth / 8 {
            bytes[offset + index] = UInt8(truncatingIfNeeded: value >> T(8 * index))
        }
    }
}
