import CPlatform
package import Diagnostics

/// Zstandard, found at run time.
// SAFETY: the functions are those of an open library that is never closed; each has the type that
// zstd's header gives it.
@safe package struct Zstandard: @unchecked Sendable {
    private typealias Bound = @convention(c) (Int) -> Int
    private typealias Compress =
        @convention(c) (
            UnsafeMutableRawPointer?, Int, UnsafeRawPointer?, Int, Int32
        ) -> Int
    private typealias IsError = @convention(c) (Int) -> UInt32
    private typealias Make = @convention(c) () -> UnsafeMutableRawPointer?
    private typealias Free = @convention(c) (UnsafeMutableRawPointer?) -> Int
    private typealias Step =
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafeMutablePointer<cnet_zstd_output>,
            UnsafeMutablePointer<cnet_zstd_input>
        ) -> Int

    private let bound: Bound
    private let compress: Compress
    private let isError: IsError
    private let makeStream: Make
    private let freeStream: Free
    private let decompress: Step

    /// Finds the library.
    ///
    /// - Throws: 0A000 naming the package `libzstd1`.
    package init() throws(DatabaseError) {
        let library = try SharedLibrary(
            soname: "libzstd.so.1", debianPackage: "libzstd1", purpose: "zstd")
        // SAFETY: each symbol has the type its name has in zstd.h; size_t and Int have one layout.
        unsafe bound = unsafeBitCast(try library.symbol("ZSTD_compressBound"), to: Bound.self)
        unsafe compress = unsafeBitCast(try library.symbol("ZSTD_compress"), to: Compress.self)
        unsafe isError = unsafeBitCast(try library.symbol("ZSTD_isError"), to: IsError.self)
        unsafe makeStream = unsafeBitCast(try library.symbol("ZSTD_createDStream"), to: Make.self)
        unsafe freeStream = unsafeBitCast(try library.symbol("ZSTD_freeDStream"), to: Free.self)
        unsafe decompress = unsafeBitCast(
            try library.symbol("ZSTD_decompressStream"), to: Step.self)
    }

    /// Returns the bytes compressed as one frame; `level` is from 1, fast, to 19, small.
    package func compress(_ bytes: [UInt8], level: Int = 3) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: bound(bytes.count))
        // SAFETY: both arrays are lent for the call with their own lengths.
        let count = unsafe result.withUnsafeMutableBytes { output in
            unsafe bytes.withUnsafeBytes { input in
                unsafe compress(
                    output.baseAddress, output.count, input.baseAddress, input.count,
                    Int32(min(max(level, 1), 19)))
            }
        }
        precondition(isError(count) == 0, "zstd compresses any bytes into the room it asked for")
        result.removeLast(result.count - count)
        return result
    }

    /// Returns what was compressed. Several frames after each other are one.
    ///
    /// - Throws: XX001 when the bytes are no frames or are cut off; 54000 above `limit`.
    package func decompress(_ bytes: [UInt8], limit: Int) throws(DatabaseError) -> [UInt8] {
        guard let stream = unsafe makeStream() else {
            preconditionFailure("zstd allocates a stream")
        }
        defer { _ = unsafe freeStream(stream) }
        var output = Output(limit: limit)
        var offset = 0
        while true {
            let step = unsafe step(stream, bytes, offset, &output)
            if isError(step.result) != 0 {
                throw .badCompression("zstd", "the bytes are damaged")
            }
            offset += step.consumed
            output.take(step.produced)
            if output.isAboveLimit { throw .decompressionLimit("zstd", limit: limit) }
            // Nothing is held back any more when a frame is done (0) and all input is read.
            if step.result == 0, offset == bytes.count { return output.bytes }
            if step.consumed == 0, step.produced == 0 {
                throw .badCompression("zstd", "the end is missing")
            }
        }
    }

    private func step(
        _ stream: UnsafeMutableRawPointer, _ bytes: [UInt8], _ offset: Int,
        _ output: inout Output
    ) -> (result: Int, consumed: Int, produced: Int) {
        // SAFETY: input and room are lent for the call with their own lengths; the offset lies
        // within the input.
        unsafe bytes.withUnsafeBytes { input in
            unsafe output.room.withUnsafeMutableBytes { room in
                var from = unsafe cnet_zstd_input(
                    start: input.baseAddress, size: input.count, position: offset)
                var to = unsafe cnet_zstd_output(
                    start: room.baseAddress, size: room.count, position: 0)
                let result = unsafe decompress(stream, &to, &from)
                return unsafe (result, from.position - offset, to.position)
            }
        }
    }
}
