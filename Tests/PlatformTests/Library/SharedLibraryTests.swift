import Diagnostics
import Testing

@testable import Platform

@Suite("SharedLibrary") struct SharedLibraryTests {
    @Test("a library that is not there names the package to install")
    func missing() {
        let error = #expect(throws: DatabaseError.self) {
            _ = try SharedLibrary(
                soname: "libbasalt-nowhere.so.9", debianPackage: "libnowhere9", purpose: "nothing")
        }

        #expect(error?.state == .featureNotSupported)
        #expect(error?.hint?.contains("libnowhere9") == true)
    }
}
