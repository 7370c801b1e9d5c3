import Diagnostics
import Glibc
import Testing

@testable import Platform

@Suite("LinuxFileSystem")
struct LinuxFileSystemTests {
    @Test("a symbolic link is told and not followed")
    func symbolicLinks() throws {
        let files = LinuxFileSystem()

        #expect(try files.info("/proc/self/exe")?.kind == .symbolicLink)
        let error = failure { _ = try files.open("/proc/self/exe", .read, permissions: 0) }
        #expect(error?.cause?.errorNumber == ErrorNumber.symbolicLinks)
    }

    @Test("a shared lock needs no right to write")
    func sharedLockReadOnly() throws {
        let files = LinuxFileSystem()
        try files.lock("/proc/version", .shared).release()
    }

    @Test(
        "what is no file is told at once, a pipe without a writer too",
        arguments: ["pipe", "directory"])
    func notAFile(kind: String) throws {
        try Disk.linux.with { files, root in
            let path = Path.join(root, kind)
            if kind == "pipe" {
                // SAFETY: the path is a C string during the call.
                let made = unsafe mkfifo(path, 0o600)
                try #require(made == 0)
            } else {
                try files.makeDirectory(path, permissions: 0o700)
            }

            let opened = failure { _ = try files.open(path, .read, permissions: 0) }
            let locked = failure { _ = try files.lock(path, .shared) }

            for error in [opened, locked] {
                #expect(error?.state == .corrupted)
                #expect(error?.message == "not a regular file \"\(path)\"")
            }
        }
    }

    @Test("the holder of an exclusive lock is named while it holds it")
    func namesHolder() throws {
        try Disk.linux.with { files, root in
            let path = Path.join(root, "_lock")
            let lock = try files.lock(path, .exclusive)
            let error = failure { _ = try files.lock(path, .exclusive) }
            #expect(
                error?.message == "root is in use by process \(Machine.processID) \"\(path)\"")
            lock.release()
            #expect(try files.info(path)?.size == 0)
        }
    }

    @Test(
        "errno becomes a state",
        arguments: [
            (ErrorNumber.noSpace, SQLState.diskFull), (ErrorNumber.quotaExceeded, .diskFull),
            (ErrorNumber.accessDenied, .inputOutput), (ErrorNumber.noEntry, .missingFile),
            (ErrorNumber.exists, .existingFile), (ErrorNumber.tooManyOpen, .inputOutput),
            (ErrorNumber.inputOutput, .inputOutput), (999, .inputOutput),
        ])
    func mapsErrors(_ errorNumber: Int32, _ state: SQLState) {
        let error = DatabaseError.fileCall(.rename, "/a", to: "/b", errorNumber)

        #expect(error.state == state)
        #expect(error.cause?.errorNumber == errorNumber)
        let text = ErrorNumber.text(errorNumber)
        #expect(error.message == "cannot rename file to \"/b\", \(text) \"/a\"")
        if errorNumber == ErrorNumber.accessDenied {
            #expect(error.hint?.contains("uid \(Machine.userID)") == true)
        }
    }
}
