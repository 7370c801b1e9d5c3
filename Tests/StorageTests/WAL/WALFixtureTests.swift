import Bytes
import Diagnostics
import Platform
import Testing
import Values

@testable import Storage

/// The logs of the roots in the repository, as they were written.
@Suite("WAL fixtures")
struct WALFixtureTests {
    private static var fixtures: String {
        let parts = #filePath.split(separator: "/").dropLast(3)
        return "/" + parts.joined(separator: "/") + "/Fixtures"
    }

    @Test("the log of version 2 has its kinds of edits, and reads to its end")
    func everyEdit() throws {
        let files = LinuxFileSystem()
        let place = "\(Self.fixtures)/v2/root/db/_wal"
        let names = try files.list(place)
        var kinds: Set<String> = []
        var rows = 0

        for name in names {
            let path = Path.join(place, name)
            let bytes = try files.readAll(path, upTo: 1 << 20)
            let header = try WALFileHeader.decode(
                Array(bytes.prefix(WALFileHeader.bytes)), path: path)
            #expect(bytes[8] == 2)
            let check = WALName.timelineCheck(header.timeline)
            var offset = WALFileHeader.bytes
            while offset < bytes.count {
                let (frame, _) = try #require(
                    WALFrame.decode(
                        Array(bytes[offset...].prefix(WALFrame.headerBytes)), at: offset,
                        timelineCheck: check))
                let begin = offset + WALFrame.headerBytes
                var reader = ByteReader(Array(bytes[begin..<begin + frame.payloadBytes]))
                for _ in 0..<frame.transactions {
                    let entry = try LogEntry.decode(&reader)
                    for edit in entry.edits { kinds.insert(kind(edit)) }
                    rows += entry.appends.reduce(0) { $0 + $1.batch.rowCount }
                }
                offset += frame.frameBytes
            }
        }

        // A timeline begins with a checkpoint, and that with a new log.
        #expect(
            kinds == ["create", "drop", "truncate", "attach", "alter", "replace", "forget"])
        #expect(rows > 0)
    }

    private func kind(_ edit: LogEdit) -> String {
        switch edit {
        case .create: "create"
        case .drop: "drop"
        case .truncate: "truncate"
        case .alter: "alter"
        case .replace: "replace"
        case .attach: "attach"
        case .timeline: "timeline"
        case .forget: "forget"
        }
    }
}
