import Diagnostics
import Engine
import InProcess
import Platform
import Storage
import Values

// What runs at once in a life.
extension MixedBoot {
    func write(_ engine: Engine, _ writer: Int, _ random: inout SplitMix) {
        let client = InProcessClient(engine.makeSession(), platform)
        for _ in 0..<steps {
            let transaction = MixedTransaction(
                writer: writer, model: model, time: Self.time, random: &random)
            model.begin(writer, transaction.result)
            do throws(DatabaseError) {
                model.trace("writer \(writer) \(transaction.statements)")
                for statement in transaction.statements { try client.run(statement) }
                model.end(writer, isCommitted: true)
                tally.add("transactions acknowledged")
                tally.add("statements of writers", transaction.statements.count)
            } catch {
                model.trace("writer \(writer) failed \(error)")
                if isOver(engine.storage) { return }
                if !isExpected(error, engine.storage) {
                    complaints.add("writer \(writer), \(transaction.statements): \(error)")
                }
                tally.add("transactions refused")
                model.end(writer, isCommitted: false)
                if !roll(back: client) { return }
            }
        }
    }

    private func roll(back client: InProcessClient) -> Bool {
        do throws(DatabaseError) {
            try client.run("ROLLBACK")
            return true
        } catch {
            complaints.add("ROLLBACK: \(error)")
            return false
        }
    }

    /// In one snapshot both tables have the same rows, as often as they are read.
    func read(_ engine: Engine, _ random: inout SplitMix) {
        let client = InProcessClient(engine.makeSession(), platform)
        for _ in 0..<steps / 2 {
            do throws(DatabaseError) {
                try client.run("BEGIN ISOLATION LEVEL REPEATABLE READ")
                let first = try contents(client)
                for _ in 0..<random.next() % 4 { _ = platform.clock.now() }
                if try contents(client) != first {
                    complaints.add("a snapshot changed while it was read")
                }
                try client.run("COMMIT")
                tally.add("snapshots read twice")
            } catch {
                if isOver(engine.storage) { return }
                if !isExpected(error, engine.storage) { complaints.add("reader: \(error)") }
                if !roll(back: client) { return }
            }
        }
    }

    func define(_ engine: Engine, _ random: inout SplitMix) {
        let client = InProcessClient(engine.makeSession(), platform)
        for _ in 0..<steps * 2 {
            if random.next() % 6 == 0, !expire(engine, client) { return }
            let script = DefinitionScript(
                on: model.defined, numbers: model.issueIDs, random: &random)
            model.beginDefining(script.results)
            do throws(DatabaseError) {
                model.trace("definitions \(script.statements)")
                for statement in script.statements { try client.run(statement) }
                for kind in script.kinds { tally.add("ddl \(kind)") }
            } catch {
                model.trace("definitions failed \(error)")
                if isOver(engine.storage) { return }
                if !isExpected(error, engine.storage) {
                    complaints.add("\(script.statements): \(error)")
                }
                model.endDefining(isCommitted: false)
                if !roll(back: client) { return }
                continue
            }
            if script.results.count == 1 {
                model.endDefining(isCommitted: true)
            } else if !settle(client, "definitions", in: engine) {
                return
            }
        }
    }

    /// Where more than one end is possible, the table says which it was. What cannot be read now,
    /// for a flipped bit, is said by the next start: nothing is defined any more in this life.
    private func settle(_ client: InProcessClient, _ what: String, in engine: Engine) -> Bool {
        while true {
            do throws(DatabaseError) {
                let found = try definedTables(client)
                if let problem = model.settleDefined(found: found, isAnswered: true) {
                    complaints.add(problem)
                }
                return true
            } catch {
                if isOver(engine.storage) { return false }
                let isExplained = isExpected(error, engine.storage)
                if !isExplained { complaints.add("\(what): \(error)") }
                // Read again: nobody but this task changes these tables, and a fault passes.
                if !isExplained || error.state == .corrupted { return false }
            }
        }
    }

    /// Drops what is over, as the server does every minute. What fails is tried the next time.
    private func expire(_ engine: Engine, _ client: InProcessClient) -> Bool {
        let possible = model.defined.expirations
        if possible.count == 1 { return true }
        model.beginDefining(possible)
        engine.enforceTimeToLive()
        guard settle(client, "TTL", in: engine) else { return false }
        if model.defined != possible[0] { tally.add("TTL dropped partitions") }
        tally.add("TTL enforced")
        return true
    }

    func maintain(_ storage: Storage, _ random: inout SplitMix) {
        for _ in 0..<steps {
            do throws(DatabaseError) {
                switch random.next() % 8 {
                case 0, 1:
                    try storage.compact(isThorough: random.next() % 2 == 0)
                    tally.add("compactions asked for")
                case 2, 3:
                    try storage.flush()
                    tally.add("flushes asked for")
                case 4:
                    try storage.pinOnDisk(owner: "simulation").release()
                    tally.add("pins on disk")
                case 5:
                    machine.clock.advance(microseconds: Self.day)
                case 6:
                    // Somebody makes room.
                    machine.disk.setCapacity(nil)
                default: for _ in 0..<20 { _ = platform.clock.now() }
                }
            } catch {
                if isOver(storage) { return }
                if !isExpected(error, storage) { complaints.add("maintenance: \(error)") }
            }
        }
    }
}
