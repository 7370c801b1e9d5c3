import Catalog
import Diagnostics
import Platform
import Storage
import Testing
import Values

@testable import Backup

@Suite("RESTORE beside others")
struct RestoreBesideOthersTests {
    /// Two tables in a backup, and both changed since.
    private static func rig() throws -> RestoreRig {
        let rig = try RestoreRig(seed: 9)
        for name in ["a", "b"] {
            try rig.createSmall(name, 0..<40)
        }
        try rig.backup("one")
        for name in ["a", "b"] { try rig.append(name, 40..<60) }
        return rig
    }

    private static func hold(_ rig: RestoreRig) -> HeldJob {
        HeldJob.restore(.table("a", from: "one", .replace), in: .copying, rig)
    }

    @Test("two of different tables run at once, and both are whole")
    func differentTables() throws {
        let rig = try Self.rig()
        let (service, storage) = (rig.service, rig.storage)

        let held = Self.hold(rig)
        try rig.meanwhile { () throws(DatabaseError) in
            _ = try service.restore(.table("b", from: "one", .replace), into: storage)
            _ = try service.restore(
                .table("a", from: "one", target: .newTable(.init(name: "c"))), into: storage)
        }

        #expect(held.isHeld)
        #expect(try rig.rows("b")?.count == 40)
        #expect(try rig.rows("c")?.count == 40)
        #expect(try rig.rows("a")?.count == 60)
        try held.goOn(rig.machine)
        #expect(try rig.rows("a") == rig.rows("c"))
        rig.machine.crash()
        try rig.reopen()
        for name in ["a", "b", "c"] { #expect(try rig.rows(name)?.count == 40) }
    }

    @Test("a second one of the same table is 55006, whatever the table is called by then")
    func sameTable() throws {
        let rig = try Self.rig()
        let (service, storage) = (rig.service, rig.storage)
        let definition = try rig.definition(of: "a")
        let requests: [RestoreRequest] = [
            .table("a", from: "one", .replace), .table("A", from: "one", .differing),
            .table("b", from: "one", target: .newTable(.init(name: "a"))),
            .table("b", from: "one", .replace, target: .existingTable(.init(name: "renamed"))),
            RestoreRequest(scope: .database, source: "one", mode: .replace),
        ]

        let held = Self.hold(rig)
        try rig.meanwhile { () throws(DatabaseError) in
            _ = try storage.commit(
                Transaction(edits: [.alterTable(definition.withName("renamed"))]))
        }
        for request in requests {
            let error = failure { () throws(DatabaseError) in
                try rig.meanwhile { () throws(DatabaseError) in
                    _ = try service.restore(request, into: storage)
                }
            }
            #expect(error?.state == .inUse)
        }
        #expect(held.isHeld)
        _ = failure { () throws(DatabaseError) in try held.goOn(rig.machine) }

        // And when it has ended, whatever its end was.
        #expect(try rig.restore(requests[4]).tables == 2)
    }

    @Test("a schema that both would have to make is the first one's")
    func sameSchema() throws {
        let rig = try Self.rig()
        func request(_ name: String) -> RestoreRequest {
            .table(name, from: "one", target: .newTable(.init(schema: "s", name: name)))
        }
        _ = try rig.storage.commit(
            Transaction(edits: [.createTable(.schema(id: rig.storage.reserveTableID(), name: "s"))])
        )

        let held = HeldJob.restore(request("a"), in: .copying, rig)
        let (service, storage) = (rig.service, rig.storage)
        let second = request("b")
        try rig.meanwhile { () throws(DatabaseError) in
            _ = try service.restore(second, into: storage)
        }

        #expect(held.isHeld)
        try held.goOn(rig.machine)
        let snapshot = storage.snapshot()
        defer { snapshot.release() }
        for name in ["a", "b"] {
            let table = try #require(snapshot.table(schema: "s", name: name))
            #expect(try RestoreRig.rows(table).count == 40)
        }
    }
}
