import Diagnostics
import Engine
import Platform
import Values

/// Brings the rows of one statement to one client, a batch at a time and no faster than it reads.
///
/// A batch is made and encoded on a worker; its bytes come back through the loop and into the
/// socket. While the socket has enough queued nothing runs: the next step is taken by `resume`.
/// A portal with a row limit stops in the middle of a batch and goes on there.
///
/// - INV-1 At most one step runs, and while it does `rest` and `rows` belong to its worker.
// SAFETY: the loop's thread owns everything but what INV-1 lends to the worker, and the two hand
// over through `submit` and `execute`, which order memory.
final class ResultStream: @unchecked Sendable {
    /// Why a stream stopped.
    enum Ending { case complete, suspended }

    private let rows: ResultRows
    private let loop: EventLoop
    private let workers: any Workers
    /// Encodes some rows of a batch. Runs on a worker.
    private let encode: @Sendable (Batch, Range<Int>) throws(DatabaseError) -> [UInt8]
    private var rest: (batch: Batch, next: Int)?
    private var remaining = Int.max
    private var deliver: (([UInt8]) -> Bool)?
    private var ended: ((Result<Ending, DatabaseError>) -> Void)?
    private var isWaiting = false
    /// Rows sent since the last `begin`.
    private(set) var rowCount = 0

    init(
        rows: ResultRows, loop: EventLoop, workers: any Workers,
        encode: @escaping @Sendable (Batch, Range<Int>) throws(DatabaseError) -> [UInt8]
    ) {
        self.rows = rows
        self.loop = loop
        self.workers = workers
        self.encode = encode
    }

    /// Goes on until the rows end or `limit` of them are sent (zero: no limit).
    ///
    /// `deliver` takes bytes and says whether the next step may follow at once; when not, `resume`
    /// takes it. `ended` is called once. Both run on the loop.
    func begin(
        limit: Int, deliver: @escaping ([UInt8]) -> Bool,
        ended: @escaping (Result<Ending, DatabaseError>) -> Void
    ) {
        remaining = limit > 0 ? limit : .max
        rowCount = 0
        self.deliver = deliver
        self.ended = ended
        step()
    }

    /// Goes on after the socket has drained.
    func resume() {
        guard isWaiting else { return }
        isWaiting = false
        step()
    }

    private func step() {
        let isQueued = workers.submit { [self] in
            let result = makeBytes()
            loop.execute { [self] in take(result) }
        }
        if !isQueued { end(.failure(.tooBusy())) }
    }

    /// Makes the bytes of at most one batch; nil when they have ended. On a worker.
    private func makeBytes() -> Result<(bytes: [UInt8], rows: Int)?, DatabaseError> {
        do throws(DatabaseError) {
            if rest == nil {
                guard let batch = try rows.next() else { return .success(nil) }
                rest = (batch, 0)
            }
            guard let (batch, next) = rest else { return .success(nil) }
            let count = min(batch.rowCount - next, remaining)
            MappedFiles.forgetFault()
            let bytes = try encode(batch, next..<next + count)
            // The batch may lie in a mapped file and be read here for the first time.
            try rows.checkRead()
            rest = next + count < batch.rowCount ? (batch, next + count) : nil
            return .success((bytes, count))
        } catch {
            return .failure(error)
        }
    }

    private func take(_ result: Result<(bytes: [UInt8], rows: Int)?, DatabaseError>) {
        switch result {
        case .failure(let error): end(.failure(error))
        case .success(nil): end(.success(.complete))
        case .success((let bytes, let rows)?):
            rowCount += rows
            if remaining != .max { remaining -= rows }
            let mayGoOn = deliver?(bytes) ?? false
            if remaining == 0 {
                end(.success(.suspended))
            } else if mayGoOn {
                step()
            } else {
                isWaiting = true
            }
        }
    }

    private func end(_ result: Result<Ending, DatabaseError>) {
        let ended = self.ended
        self.ended = nil
        deliver = nil
        ended?(result)
    }
}
