import Bytes
import Diagnostics
import Engine
import Platform
import PostgresWire

/// COPY over the wire: the client's data goes to the session's stream, a query's rows go out.
extension PostgresConnection {
    /// Takes the client's data until the stream ends, then goes on with `next`.
    func begin(_ copy: CopyIn, _ ending: CopyEnding, then next: @escaping () -> Void) {
        var encoder = BackendEncoder()
        encoder.copyInResponse(
            format: copy.isBinary ? .binary : .text, columns: copy.columnCount)
        socket.send(encoder.take())
        // SAFETY: the closure runs on the loop's thread alone; the box only carries it there.
        let carried = LoopBound { [self] result in
            copyIn = nil
            switch result {
            case .failure(let error): fail(error)
            case .success(.command(let command)):
                send(command)
                next()
            case .success: fail(.lostStatement())
            }
        }
        let loop = socket.loop
        ending.whenEnded { result in loop.execute { carried.body(result) } }
        beginCopyIn(copy)
    }

    /// Sends the rows of a query as COPY data, then goes on with `next`.
    func begin(_ copy: CopyOut, then next: @escaping () -> Void) {
        var encoder = BackendEncoder()
        encoder.copyOutResponse(
            format: copy.isBinary ? .binary : .text, columns: copy.columnCount)
        if let head = copy.head { encoder.copyData(head) }
        socket.send(encoder.take())
        let stream = ResultStream(
            rows: copy.rows, loop: socket.loop, workers: server.platform.workers
        ) { batch, range throws(DatabaseError) in
            var encoder = BackendEncoder(reserving: range.count * 64)
            try copy.encode(batch, range) { encoder.copyData($0) }
            return encoder.take()
        }
        run(stream, limit: 0) { [self] result in
            switch result {
            case .failure(let error):
                session?.fail()
                fail(error)
            case .success:
                var encoder = BackendEncoder()
                if let tail = copy.tail { encoder.copyData(tail) }
                encoder.copyDone()
                encoder.commandComplete("COPY \(stream.rowCount)")
                socket.send(encoder.take())
                next()
            }
        }
    }
}
