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
        /// Whether the source ended there.
        let isWhole: Bool
    }

    /// The SHA-256 of the first `bytes` bytes in hex; of fewer when the file ends before.
    func digest(of path: String, bytes: Int) throws(DatabaseError) -> String {
        let input = try files.open(path, .read, permissions: 0)
        return try pass(input, bytes: bytes) { _, _ in }.sha256
    }

    /// Copies the first `bytes` bytes to a new file that only its owner may read.
    func copy(_ source: String, to target: String, bytes: Int) throws(DatabaseError) -> Copy {
        let input = try files.open(source, .read, permissions: 0)
        let output = try files.open(target, .create, permissions: 0o400)
        var begun = 0
        let (sha256, done) = try pass(input, bytes: bytes) {
            chunk, offset throws(DatabaseError) in
            try output.write(chunk, at: offset)
            let end = offset + chunk.count
            guard end - begun >= Limits.writebackBytes else { return }
            output.beginWriteback(at: begun, count: end - begun)
            begun = end
        }
        if done - begun >= Limits.writebackLeastBytes {
            output.beginWriteback(at: begun, count: done - begun)
        }
        return Copy(
            output: output, sha256: sha256, bytes: done, isWhole: try input.size() == done)
    }

    private func pass(
        _ input: any OpenFile, bytes: Int,
        _ use: (_ chunk: [UInt8], _ offset: Int) throws(DatabaseError) -> Void
    ) throws(DatabaseError) -> (sha256: String, bytes: Int) {
        var digest = SHA256()
        var offset = 0
        while offset < bytes {
            let chunk = try input.read(at: offset, count: min(Limits.chunkBytes, bytes - offset))
            guard !chunk.isEmpty else { break }
            digest.update(chunk)
            try use(chunk, offset)
            offset += chunk.count
            try advance(chunk.count)
        }
        return (hexadecimal(digest.finish()), offset)
    }
}
