import Diagnostics

/// COPY FROM STDIN: a statement that takes more input while it runs.
extension ConnectionMachine {
    /// Lets the running statement take data: from here on `.copyData`, then one of `.copyDone` and
    /// `.copyFail` come, while its request stays outstanding. The session writes CopyInResponse.
    ///
    /// - Requires: `.runSimple` or `.execute` is outstanding.
    package mutating func beginCopyIn() -> [ConnectionAction] {
        guard outstanding != nil, isAuthenticated else { return [] }
        copy = .taking
        return receive([])
    }

    mutating func takeCopy(_ frame: FrontendFrame) {
        do throws(DatabaseError) {
            switch try FrontendMessage(frame) {
            case .copyData(let data): emit(.copyData(data))
            case .copyDone:
                copy = .none
                emit(.copyDone)
            case .copyFail(let reason):
                copy = .none
                emit(.copyFail(reason))
            // libpq may send these behind the statement before it knows that it is a COPY.
            case .flush, .sync: return
            case .query, .parse, .bind, .describeStatement, .describePortal, .execute,
                .closeStatement, .closePortal, .terminate, .password, .functionCall:
                copy = .none
                emit(.copyFail("unexpected \(frame.kind) message during COPY"))
            }
        } catch {
            copy = .none
            emit(.copyFail(error.message))
        }
    }

    /// The statement has ended; when it did so before its data, the rest of it is passed over.
    mutating func endCopy(hasFailed: Bool) {
        isDroppingCopyData = hasFailed && copy == .taking
        copy = .none
    }

    /// Tells whether a frame is left over from a COPY that failed.
    mutating func dropsCopy(_ frame: FrontendFrame) -> Bool {
        switch frame.kind {
        case .copyData: return true
        case .copyDone, .copyFail:
            isDroppingCopyData = false
            return true
        case .query, .parse, .bind, .describe, .execute, .close, .flush, .sync, .terminate,
            .password, .functionCall:
            isDroppingCopyData = false
            return false
        }
    }
}
