import CPlatform
package import Diagnostics

/// zlib, found at run time: deflate in its three wrappings.
// SAFETY: the functions are those of an open library that is never closed; each has the type that
// zlib's header gives it.
@safe package struct Zlib: @unchecked Sendable {
    /// What is around the deflated bytes; the numbers are zlib's window bits.
    package enum Format: Int32, Sendable {
        case zlib = 15
        case gzip = 31
        case raw = -15

        var name: String {
            switch self {
            case .zlib: "zlib"
            case .gzip: "gzip"
            case .raw: "deflate"
            }
        }
    }

    private typealias Stream = UnsafeMutablePointer<cnet_zlib_stream>
    private typealias DeflateBegin =
        @convention(c) (Stream, Int32, Int32, Int32, Int32, Int32, UnsafePointer<CChar>, Int32)
        -> Int32
    private typealias InflateBegin =
        @convention(c) (Stream, Int32, UnsafePointer<CChar>, Int32) -> Int32
    private typealias Step = @convention(c) (Stream, Int32) -> Int32
    private typealias End = @convention(c) (Stream) -> Int32

    private let deflateBegin: DeflateBegin
    private let deflate: Step
    private let deflateEnd: End
    private let inflateBegin: InflateBegin
    private let inflate: Step
    private let inflateReset: End
    private let inflateEnd: End

    private static let isFinished: Int32 = 1
    private static let needsRoom: Int32 = -5
    private static let finish: Int32 = 4

    /// Finds the library.
    ///
    /// - Throws: 0A000 naming the package `zlib1g`.
    package init() throws(DatabaseError) {
        let library = try SharedLibrary(
            soname: "libz.so.1", debianPackage: "zlib1g", purpose: "gzip and deflate")
        // SAFETY: each symbol has the type its name has in zlib.h.
        unsafe deflateBegin = unsafeBitCast(
            try library.symbol("deflateInit2_"), to: DeflateBegin.self)
        unsafe deflate = unsafeBitCast(try library.symbol("deflate"), to: Step.self)
        unsafe deflateEnd = unsafeBitCast(try library.symbol("deflateEnd"), to: End.self)
        unsafe inflateBegin = unsafeBitCast(
            try library.symbol("inflateInit2_"), to: InflateBegin.self)
        unsafe inflate = unsafeBitCast(try library.symbol("inflate"), to: Step.self)
        unsafe inflateReset = unsafeBitCast(try library.symbol("inflateReset"), to: End.self)
        unsafe inflateEnd = unsafeBitCast(try library.symbol("inflateEnd"), to: End.self)
    }

    /// Returns the bytes compressed; `level` is from 1, fast, to 9, small.
    package func compress(_ bytes: [UInt8], level: Int = 6, format: Format = .gzip) -> [UInt8] {
        // SAFETY: the stream is ours to the end of the function; zlib remembers where it is.
        let stream = unsafe Self.makeStream()
        defer { unsafe stream.deallocate() }
        let begun = unsafe deflateBegin(
            stream, Int32(min(max(level, 1), 9)), 8, format.rawValue, 8, 0, "1",
            Int32(MemoryLayout<cnet_zlib_stream>.size))
        precondition(begun == 0, "zlib begins to compress")
        defer { _ = unsafe deflateEnd(stream) }
        var output = Output(limit: Int.max)
        var result: Int32 = 0
        var offset = 0
        repeat {
            let piece = Self.piece(of: bytes, from: offset)
            let flag = piece.upperBound == bytes.count ? Self.finish : 0
            let consumed = unsafe step(stream, deflate, bytes, piece, flag, &output, &result)
            offset += consumed
            precondition(result >= 0 || result == Self.needsRoom, "zlib compresses any bytes")
        } while result != Self.isFinished
        return output.bytes
    }

    /// Returns what was compressed. Several gzip members after each other are one.
    ///
    /// - Throws: XX001 when the bytes are not of the format or are cut off; 54000 above `limit`.
    package func decompress(_ bytes: [UInt8], limit: Int, format: Format = .gzip)
        throws(DatabaseError) -> [UInt8]
    {
        // SAFETY: the stream is ours to the end of the function; zlib remembers where it is.
        let stream = unsafe Self.makeStream()
        defer { unsafe stream.deallocate() }
        let begun = unsafe inflateBegin(
            stream, format.rawValue, "1", Int32(MemoryLayout<cnet_zlib_stream>.size))
        precondition(begun == 0, "zlib begins to decompress")
        defer { _ = unsafe inflateEnd(stream) }
        var output = Output(limit: limit)
        var offset = 0
        while true {
            var result: Int32 = 0
            let piece = Self.piece(of: bytes, from: offset)
            let before = output.count
            let consumed = unsafe step(stream, inflate, bytes, piece, 0, &output, &result)
            offset += consumed
            if output.isAboveLimit { throw .decompressionLimit(format.name, limit: limit) }
            if result == Self.isFinished {
                if offset == bytes.count { return output.bytes }
                guard format == .gzip else { throw .badCompression(format.name, "bytes follow") }
                _ = unsafe inflateReset(stream)
                continue
            }
            guard result == 0 || result == Self.needsRoom else {
                throw .badCompression(format.name, "the bytes are damaged")
            }
            if consumed == 0, output.count == before {
                throw .badCompression(format.name, "the end is missing")
            }
        }
    }

    private static func makeStream() -> Stream {
        let stream = Stream.allocate(capacity: 1)
        unsafe stream.initialize(to: cnet_zlib_stream())
        return unsafe stream
    }

    private static func piece(of bytes: [UInt8], from offset: Int) -> Range<Int> {
        offset..<min(bytes.count, offset + (1 << 30))
    }

    /// Runs one call over a piece of the input and fresh room; returns how much it consumed.
    private func step(
        _ stream: Stream, _ call: Step, _ bytes: [UInt8], _ piece: Range<Int>,
        _ flag: Int32, _ output: inout Output, _ result: inout Int32
    ) -> Int {
        // SAFETY: input and room are lent for the call with their own lengths, and the stream
        // keeps no pointer that is used after it.
        unsafe bytes.withUnsafeBufferPointer { input in
            unsafe output.room.withUnsafeMutableBufferPointer { room in
                unsafe stream.pointee.next_in = input.baseAddress.map {
                    unsafe $0 + piece.lowerBound
                }
                unsafe stream.pointee.avail_in = UInt32(piece.count)
                unsafe stream.pointee.next_out = room.baseAddress
                unsafe stream.pointee.avail_out = UInt32(room.count)
                result = unsafe call(stream, flag)
            }
        }
        unsafe output.take(output.room.count - Int(stream.pointee.avail_out))
        return unsafe piece.count - Int(stream.pointee.avail_in)
    }
}

/// Collects output piece by piece, up to a limit.
struct Output {
    private(set) var bytes: [UInt8] = []
    var room = [UInt8](repeating: 0, count: 64 << 10)
    let limit: Int

    init(limit: Int) { self.limit = limit }

    var count: Int { bytes.count }
    var isAboveLimit: Bool { bytes.count > limit }

    mutating func take(_ count: Int) { bytes += room[..<count] }
}
