/// Why a session may look and not touch.
package enum ReadOnlyReason: Sendable, Equatable {
    /// The user was given no more.
    case user
    /// A setting that is on lets nobody write who comes this way.
    case setting(String)
    /// The request was made by a page of another site.
    case foreignPage
    /// The request names the server as nobody said that it is called.
    case unknownHost(String)
}
