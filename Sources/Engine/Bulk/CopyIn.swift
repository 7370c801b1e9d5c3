import Catalog
package import Diagnostics
import Execution
import Interchange
import Planner
import Platform
import Storage
import Synchronization
import Values

/// A COPY … FROM under way: takes the stream as it comes, decodes it on the workers and gathers the
/// rows in their order.
///
/// Nothing here waits: each event (bytes came, a chunk was cut, decoded, gathered) looks at what
/// there is and queues what can be done next. Cutting goes in the order of the stream and gathering
/// too, each on one worker at a time; in between chunks are decoded side by side.
///
/// INV-1 at most one cut and one gathering run. INV-2 chunks are gathered by their number without
/// gaps. INV-3 the end is told once, when nothing runs any more.
// SAFETY: unchecked because `cutter` and `rows` are plain; INV-1 gives each to one job at a time,
// and the Mutex, which every job passes before and after, orders memory.
package final class CopyIn: @unchecked Sendable {
    /// What the stream is decoded by.
    enum Cutter: Sendable {
        case text(RecordSplitter)
        case binary(BinaryDecoder)
    }

    /// What came of it: the rows, or why there are none.
    typealias End = @Sendable (Result<BulkRows, DatabaseError>) -> Void

    private struct State {
        var input: [[UInt8]] = []
        var inputBytes = 0
        var isInputEnded = false
        var isFull = false
        var isCutting = false
        var isCut = false
        var chunks: [(number: Int, chunk: RecordChunk)] = []
        var nextNumber = 0
        var decoding = 0
        var decoded: [Int: DecodedRows] = [:]
        var gathered = 0
        var isGathering = false
        var failure: DatabaseError?
        var isTold = false

        var isBusy: Bool { isCutting || isGathering || decoding > 0 }
        /// Chunks on their way.
        var waiting: Int { chunks.count + decoding + decoded.count }
    }

    package let columnCount: Int
    package let isBinary: Bool
    private let copy: BoundCopy
    private let platform: Platform
    private let context: ExecutionContext
    private let cancellation: CancellationFlag
    private let file: CopyFile?
    private let decoder: RecordDecoder?
    private var cutter: Cutter
    private var rows: BulkRows
    private let state = Mutex(State())
    private let end: End
    private let onRoom = Mutex<(@Sendable () -> Void)?>(nil)

    init(
        _ copy: BoundCopy, format: CopyFormat, file: CopyFile?, rows: BulkRows,
        platform: Platform, context: ExecutionContext, cancellation: CancellationFlag,
        end: @escaping End
    ) {
        self.copy = copy
        self.file = file
        self.rows = rows
        self.platform = platform
        self.context = context
        self.cancellation = cancellation
        self.end = end
        let columns = copy.targets.map { index in
            RecordColumn(name: copy.table.columns[index].name, type: copy.table.columns[index].type)
        }
        columnCount = columns.count
        isBinary = format.isBinary
        switch format {
        case .text(let dialect):
            cutter = .text(RecordSplitter(dialect))
            decoder = RecordDecoder(columns: columns, dialect: dialect)
        case .binary:
            cutter = .binary(BinaryDecoder(columns: columns))
            decoder = nil
        }
    }

    // MARK: - Events

    /// Whether enough has come that was not looked at: stop reading until `onRoom` is called.
    package var isFull: Bool { state.withLock { $0.isFull } }

    /// Whether the stream is not whole yet and may still become so.
    package var wantsInput: Bool { state.withLock { !$0.isInputEnded && $0.failure == nil } }

    /// Sets what is called, on any thread, when there is room again.
    package func whenRoom(_ body: @escaping @Sendable () -> Void) { onRoom.withLock { $0 = body } }

    /// Takes the next piece of the stream. From any thread; never waits.
    package func take(_ bytes: [UInt8]) {
        advance { state in
            // Behind the end marker nothing is data, but all of it comes.
            if state.failure != nil || state.isInputEnded || state.isCut { return }
            state.input.append(bytes)
            state.inputBytes += bytes.count
            if state.inputBytes >= Limits.copyInputBytes { state.isFull = true }
        }
    }

    /// The stream is whole.
    package func endInput() { advance { $0.isInputEnded = true } }

    /// The client gave up or is gone.
    package func fail(_ error: DatabaseError) { advance { self.note(error, &$0) } }

    /// Looks whether the statement was cancelled.
    package func wake() { advance { _ in } }

    private func note(_ error: DatabaseError, _ state: inout State) {
        if state.failure == nil { state.failure = error }
        state.input = []
        state.inputBytes = 0
        state.chunks = []
        state.decoded = [:]
    }

    // MARK: - What is next

    private typealias Job = @Sendable () -> Void

    private func advance(_ event: (inout State) -> Void) {
        let (jobs, hasRoom) = state.withLock { state -> ([Job], Bool) in
            let wasFull = state.isFull
            event(&state)
            if cancellation.isCancelled, state.failure == nil {
                note(.statementCancelled(), &state)
            }
            let jobs = next(&state)
            if state.inputBytes < Limits.copyInputBytes / 4 { state.isFull = false }
            return (jobs, wasFull && !state.isFull)
        }
        if hasRoom { onRoom.withLock { $0 }?() }
        for job in jobs where !platform.workers.submit(job) {
            // The queue is full of others' work: a thread of its own is slower and always there.
            platform.workers.start("copy", job)
        }
    }

    private func next(_ state: inout State) -> [Job] {
        if state.isTold { return [] }
        if let failure = state.failure {
            if state.isBusy { return [] }
            state.isTold = true
            return [{ [self] in abandon(failure) }]
        }
        var jobs: [Job] = []
        if let job = nextCut(&state) { jobs.append(job) }
        while state.decoding < Limits.copyDecoders, !state.chunks.isEmpty {
            let (number, chunk) = state.chunks.removeFirst()
            state.decoding += 1
            jobs.append { [self] in decode(number, chunk) }
        }
        if !state.isGathering, let ready = state.decoded.removeValue(forKey: state.gathered) {
            state.isGathering = true
            jobs.append { [self] in gather(ready) }
        }
        let hasAll = file != nil || state.isInputEnded
        if state.isCut, hasAll, !state.isBusy, state.waiting == 0 {
            state.isTold = true
            jobs.append { [self] in conclude() }
        }
        return jobs
    }

    private func nextCut(_ state: inout State) -> Job? {
        guard !state.isCutting, !state.isCut, state.waiting < Limits.copyChunks else { return nil }
        if let file {
            state.isCutting = true
            return { [self] in cut(file) }
        }
        guard state.inputBytes >= Limits.copyPieceBytes || state.isInputEnded else { return nil }
        let input = state.input
        state.input = []
        state.inputBytes = 0
        state.isCutting = true
        let isLast = state.isInputEnded
        return { [self] in cut(input, isLast: isLast) }
    }

    // MARK: - Jobs

    private func cut(_ file: CopyFile) {
        do throws(DatabaseError) {
            let bytes = try file.read()
            cut([bytes], isLast: bytes.isEmpty)
        } catch {
            advance { state in
                state.isCutting = false
                self.note(error, &state)
            }
        }
    }

    private func cut(_ input: [[UInt8]], isLast: Bool) {
        var chunks: [RecordChunk] = []
        var binaryRows: Batch?
        do throws(DatabaseError) {
            switch cutter {
            case .text(var splitter):
                // Let go of while it grows, so that its buffer is not copied.
                cutter = .binary(BinaryDecoder(columns: []))
                for piece in input {
                    try splitter.append(piece)
                    if let chunk = splitter.takeChunk(minimumBytes: Limits.copyChunkBytes) {
                        chunks.append(chunk)
                    }
                }
                if isLast, let chunk = try splitter.finish() { chunks.append(chunk) }
                cutter = .text(splitter)
            case .binary(var decoder):
                cutter = .binary(BinaryDecoder(columns: []))
                for piece in input { try decoder.append(piece) }
                if isLast { try decoder.finish() }
                if isLast || decoder.rowCount >= Limits.copyBinaryRows {
                    binaryRows = decoder.takeBatch()
                }
                cutter = .binary(decoder)
            }
        } catch {
            advance { state in
                state.isCutting = false
                self.note(error, &state)
            }
            return
        }
        advance { state in
            state.isCutting = false
            if isLast { state.isCut = true }
            if state.failure != nil { return }
            for chunk in chunks {
                state.chunks.append((state.nextNumber, chunk))
                state.nextNumber += 1
            }
            if let binaryRows {
                state.decoded[state.nextNumber] = DecodedRows(batch: binaryRows)
                state.nextNumber += 1
            }
        }
    }

    private func decode(_ number: Int, _ chunk: RecordChunk) {
        guard let decoder else { preconditionFailure("only text is cut into chunks") }
        let result: Result<DecodedRows, DatabaseError>
        do throws(DatabaseError) {
            result = .success(try decoder.decode(chunk))
        } catch {
            result = .failure(error)
        }
        advance { state in
            state.decoding -= 1
            switch result {
            case .success(let rows): if state.failure == nil { state.decoded[number] = rows }
            case .failure(let error): self.note(error, &state)
            }
        }
    }

    private func gather(_ decoded: DecodedRows) {
        var failure: DatabaseError?
        do throws(DatabaseError) {
            try rows.append(try InsertBatch.arrange(decoded.batch, copy, context))
        } catch {
            failure = error
        }
        advance { state in
            state.isGathering = false
            state.gathered += 1
            if let failure { return self.note(failure, &state) }
            if decoded.isEnded {
                // What follows the end marker is no data.
                state.isCut = true
                state.input = []
                state.inputBytes = 0
                state.chunks = []
                state.decoded = [:]
            }
        }
    }

    private func conclude() {
        do throws(DatabaseError) {
            try rows.finish()
            end(.success(rows))
        } catch {
            abandon(error)
        }
    }

    private func abandon(_ error: DatabaseError) {
        rows.discard()
        end(.failure(error))
    }
}
