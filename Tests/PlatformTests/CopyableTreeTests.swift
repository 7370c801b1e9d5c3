import Diagnostics
import Platform
import Testing

@Suite struct CopyableTreeTests {
    private let world = SimulatedPlatform(seed: 1)

    private func makeTree() throws -> CopyableTree {
        let files = world.platform.files
        try files.makeDurableDirectory("/root/db")
        return CopyableTree(
            files, below: "/root/db", temporaries: nil, except: "/root/db/_wal",
            hold: RemovalHold())
    }

    /// Whether a call makes the names in `/root/db` durable.
    private func syncs(_ body: () throws -> Void) rethrows -> Bool {
        let before = world.trace.count
        try body()
        return world.trace[before...].contains { $0.hasSuffix("/root/db") }
    }

    @Test("a directory that somebody else is still making is made durable by whoever finds it")
    func youngDirectory() throws {
        let tree = try makeTree()
        try tree.makeDirectory("/root/db/t", permissions: 0o700)

        #expect(!tree.isDurable(directory: "/root/db/t"))
        #expect(try syncs { try tree.makeDurableDirectory("/root/db/t") })
        #expect(tree.isDurable(directory: "/root/db/t"))
        #expect(try !syncs { try tree.makeDurableDirectory("/root/db/t") })
    }

    @Test("a sync of the file system makes all of them durable")
    func syncOfAll() throws {
        let tree = try makeTree()
        try tree.makeDirectory("/root/db/t", permissions: 0o700)
        try tree.makeDirectory("/root/db/t/u", permissions: 0o700)

        try tree.syncFileSystem(of: "/root/db")

        #expect(tree.isDurable(directory: "/root/db/t"))
        #expect(tree.isDurable(directory: "/root/db/t/u"))
    }

    @Test("one that could not be made is forgotten")
    func failure() throws {
        let tree = try makeTree()
        world.disk.fail(.makeDirectory, with: ErrorNumber.noSpace)

        #expect(throws: DatabaseError.self) {
            try tree.makeDirectory("/root/db/t", permissions: 0o700)
        }

        #expect(tree.isDurable(directory: "/root/db/t"))
    }
}
