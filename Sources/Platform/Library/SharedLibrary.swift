import CPlatform
import Diagnostics

/// A library found at run time by its soname, so that the program starts without it.
// SAFETY: the handle is never closed, so symbols found through it stay valid for ever, from any
// thread.
@safe struct SharedLibrary: @unchecked Sendable {
    private let handle: UnsafeMutableRawPointer
    private let soname: String
    private let debianPackage: String

    /// - Throws: 0A000 naming the Debian package that has the library.
    init(soname: String, debianPackage: String, purpose: String) throws(DatabaseError) {
        // SAFETY: the string is lent for the call.
        guard let opened = unsafe cnet_library_open(soname) else {
            throw .missingLibrary(soname, debianPackage: debianPackage, purpose: purpose)
        }
        unsafe handle = opened
        self.soname = soname
        self.debianPackage = debianPackage
    }

    /// Returns the address of a function.
    ///
    /// - Throws: 0A000 when the library is too old to have it.
    func symbol(_ name: String) throws(DatabaseError) -> UnsafeMutableRawPointer {
        // SAFETY: the string is lent for the call; the handle is open for ever.
        guard let found = unsafe cnet_library_symbol(handle, name) else {
            throw .missingLibrary(soname, debianPackage: debianPackage, purpose: name)
        }
        return unsafe found
    }
}

extension DatabaseError {
    static func missingLibrary(_ soname: String, debianPackage: String, purpose: String)
        -> DatabaseError
    {
        DatabaseError(
            .featureNotSupported,
            "library is not installed, it is needed for \(purpose) \"\(soname)\"",
            hint: "Install the Debian package \(debianPackage) and try again; no restart is needed."
        )
    }

    static func badCompression(_ format: String, _ what: String) -> DatabaseError {
        DatabaseError(.corrupted, "cannot decompress, \(what) \"\(format)\"")
    }

    static func decompressionLimit(_ format: String, limit: Int) -> DatabaseError {
        DatabaseError(
            .limitExceeded, "decompressed bytes are above their limit of \(limit) \"\(format)\"")
    }
}
