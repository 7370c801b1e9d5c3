/// Every bound of the room, with its reason.
package enum HTTPLimits {
    /// The request line and all headers, in bytes: a query travels in the URL.
    package static let headBytes = 1 << 17
    /// The request target alone, in bytes.
    package static let targetBytes = 1 << 16
    /// Headers of one request: more is an attack on whoever looks them up.
    package static let headers = 100
    /// The method, in bytes; the longest in use has seven.
    package static let methodBytes = 32
    /// A chunk's size line with its extensions, in bytes.
    package static let chunkLineBytes = 256
    /// Headers behind a chunked body, in bytes.
    package static let trailerBytes = 4096
    /// Empty lines passed over before a request, as RFC 9112 advises, in bytes.
    package static let leadingBytes = 16
    /// Headers of one part of a form, in bytes.
    package static let partHeaderBytes = 8192
    /// Parameters of one query string or form.
    package static let parameters = 1000
    /// A body nobody set another bound for, in bytes.
    package static let bodyBytes = 1 << 24
    /// Input held while a request is worked on; above it the parser asks not to be fed.
    package static let pendingInputBytes = 1 << 18
    /// Read input is cut off the front of the buffer once it is longer than this.
    package static let compactionBytes = 1 << 16
}
