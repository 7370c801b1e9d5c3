/// Names a scheduled body, so that it can be cancelled.
package struct TimerToken: Hashable, Sendable {
    let number: UInt64
}

/// Bodies by the time they are due: a binary heap whose cancelled entries are skipped when they
/// come up and swept when they are the majority.
struct TimerQueue {
    private struct Entry {
        let due: UInt64
        let number: UInt64
        func isBefore(_ other: Entry) -> Bool {
            due != other.due ? due < other.due : number < other.number
        }
    }

    private var heap: [Entry] = []
    private var bodies: [UInt64: () -> Void] = [:]
    private var lastNumber: UInt64 = 0

    mutating func add(due: UInt64, _ body: @escaping () -> Void) -> TimerToken {
        lastNumber += 1
        bodies[lastNumber] = body
        heap.append(Entry(due: due, number: lastNumber))
        siftUp(heap.count - 1)
        return TimerToken(number: lastNumber)
    }

    mutating func cancel(_ token: TimerToken) {
        guard bodies.removeValue(forKey: token.number) != nil else { return }
        guard heap.count > 64, heap.count > 2 * bodies.count else { return }
        heap = heap.filter { bodies[$0.number] != nil }.sorted { $0.isBefore($1) }
    }

    /// The time the earliest live body is due, or nil.
    mutating func nextDue() -> UInt64? {
        while let first = heap.first {
            if bodies[first.number] != nil { return first.due }
            removeFirst()
        }
        return nil
    }

    /// Takes the earliest body that is due at `now`.
    mutating func takeDue(at now: UInt64) -> (() -> Void)? {
        guard let due = nextDue(), due <= now else { return nil }
        let number = heap[0].number
        removeFirst()
        return bodies.removeValue(forKey: number)
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        siftDown(0)
    }

    private mutating func siftUp(_ start: Int) {
        var index = start
        while index > 0 {
            let parent = (index - 1) / 2
            guard heap[index].isBefore(heap[parent]) else { return }
            heap.swapAt(index, parent)
            index = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var index = start
        while true {
            let left = 2 * index + 1
            guard left < heap.count else { return }
            var smallest = left
            if left + 1 < heap.count, heap[left + 1].isBefore(heap[left]) { smallest = left + 1 }
            guard heap[smallest].isBefore(heap[index]) else { return }
            heap.swapAt(smallest, index)
            index = smallest
        }
    }
}
