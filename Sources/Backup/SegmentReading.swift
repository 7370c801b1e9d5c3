import Diagnostics
import Platform

/// Reads files for their digest, and copies them with it, telling how far it is.
struct SegmentReading: Sendable {
    let files: any FileSystem
    /// Called with the bytes done since the last call; throws to stop.
    let advance: @Sendable (Int) throws(DatabaseError) -> Void

    /// A file that was written and not synced.
    struct Copy: Sendable {
        let output: any OpenFile
        /// The digest of the very bytes that were written, in hex.
        let sha256: String
        let bytes: Int
        /// How long the source is.
        let sourceBytes: Int
        /// The CRC-32C of each chunk that was written.
        let checks: [UInt32]
        /// Whether it has the blocks of the source: then it was itself read for the digest.
        let sharesBlocks: Bool

        /// What of the source is not as it should be; nil when all is.
        func difference(from expected: SegmentReading.Expected) -> String? {
            guard sourceBytes == expected.bytes, bytes == expected.bytes else {
                return "expected \(expected.bytes) bytes and found \(sourceBytes)"
            }
            if sha256 == expected.sha256 { return nil }
            return "expected SHA-256 \(expected.sha256) and found \(sha256)"
        }
    }

    /// What is written down of a file.
    struct Expected: Sendable {
        let bytes: Int
        /// In hex.
        let sha256: String
    }

    /// What of a file is not as it should be; nil when all is.
    func difference(of path: String, from expected: Expected) throws(DatabaseError) -> String? {
        let size = try files.open(path, .read, permissions: 0).size()
        guard size == expected.bytes else {
            return "expected \(expected.bytes) bytes and found \(size)"
        }
        let found = try digest(of: path, bytes: expected.bytes)
        if found == expected.sha256 { return nil }
        return "expected SHA-256 \(expected.sha256) and found \(found)"
    }

    /// The SHA-256 of the first `bytes` bytes in hex; of fewer when the file ends before.
    func digest(of path: String, bytes: Int) throws(DatabaseError) -> String {
        let input = try files.open(path, .read, permissions: 0)
        var digest = SHA256()
        _ = try pass(input, bytes: bytes) { chunk, _ in digest.update(chunk) }
        return hexadecimal(digest.finish())
    }

    /// Whether a copy reads back as it was written. Its digest was compared with those bytes, so
    /// that a sum of each chunk is enough: it costs a tenth of the digest.
    func isSame(_ path: String, as checks: [UInt32], bytes: Int) throws(DatabaseError) -> Bool {
        let input = try files.open(path, .read, permissions: 0)
        guard try input.size() == bytes else { return false }
        var found: [UInt32] = []
        _ = try pass(input, bytes: bytes) { chunk, _ in found.append(CRC32C.checksum(chunk)) }
        return found == checks
    }

    /// Copies the first `bytes` bytes to a new file that only its owner may read.
    ///
    /// - Parameter mayShare: whether the file may have the blocks of the source where the file
    ///   system can do that, and is only read; a source of another length is not whole then.
    /// - Parameter admit: called before anything is written; throws when there is no room for it.
    func copy(
        _ source: String, to target: String, bytes: Int, _ writeback: Writeback,
        mayShare: Bool = false, admit: () throws(DatabaseError) -> Void = {}
    ) throws(DatabaseError) -> Copy {
        let input = try files.open(source, .read, permissions: 0)
        let output = try files.open(target, .create, permissions: 0o400)
        let isShared = mayShare ? try output.shareBlocks(of: input) : false
        if !isShared { try admit() }
        var run = Writeback.Run()
        var digest = SHA256()
        var checks: [UInt32] = []
        let done = try pass(isShared ? output : input, bytes: bytes) {
            chunk, offset throws(DatabaseError) in
            digest.update(chunk)
            checks.append(CRC32C.checksum(chunk))
            if isShared { return }
            try output.write(chunk, at: offset)
            try writeback.advance(&run, to: offset + chunk.count, of: output) {
                () throws(DatabaseError) in try advance(0)
            }
        }
        if !isShared { writeback.end(&run, at: done, of: output) }
        return Copy(
            output: output, sha256: hexadecimal(digest.finish()), bytes: done,
            sourceBytes: try input.size(), checks: checks, sharesBlocks: isShared)
    }

    /// Hands out the first `bytes` bytes chunk by chunk, and tells how many there were.
    private func pass(
        _ input: any OpenFile, bytes: Int,
        _ use: (_ chunk: [UInt8], _ offset: Int) throws(DatabaseError) -> Void
    ) throws(DatabaseError) -> Int {
        var offset = 0
        while offset < bytes {
            let chunk = try input.read(at: offset, count: min(Limits.chunkBytes, bytes - offset))
            guard !chunk.isEmpty else { break }
            try use(chunk, offset)
            offset += chunk.count
            try advance(chunk.count)
        }
        return offset
    }
}
