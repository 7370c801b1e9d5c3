/// A file or directory of the simulated disk: what programs see, and what the platter has.
// SAFETY: touched only while the disk's mutex is held; handles keep it without looking inside.
final class SimulatedNode: @unchecked Sendable {
    let number: Int
    let isDirectory: Bool
    var permissions: UInt16
    var linkCount = 0

    // Directories: the names now, and those that would be there after a crash that loses the rest.
    var entries: [String: SimulatedNode] = [:]
    var durableEntries: [String: SimulatedNode] = [:]

    // Files: the pages now, and the old content of each page changed since the last sync.
    fileprivate(set) var length = 0
    /// Whether its blocks are another file's, so that they take no room of their own.
    var sharesBlocks = false
    private var pages: [[UInt8]] = []
    private var unsynced: [Int: [UInt8]] = [:]
    /// Pages whose sync failed: the kernel takes them for clean, so no later sync writes them.
    private var lost: [Int: [UInt8]] = [:]
    private var durableLength = 0
    private var lastWrite = 0..<0

    private static let pageBytes = SimulatedLimits.pageBytes
    private static let zeroPage = [UInt8](repeating: 0, count: SimulatedLimits.pageBytes)

    init(number: Int, isDirectory: Bool, permissions: UInt16) {
        self.number = number
        self.isDirectory = isDirectory
        self.permissions = permissions
    }

    func read(at offset: Int, count: Int) -> [UInt8] {
        let end = min(length, count > length ? length : offset + count)
        if offset >= end { return [] }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(end - offset)
        var at = offset
        while at < end {
            let page = at / Self.pageBytes
            let from = at % Self.pageBytes
            let part = min(Self.pageBytes - from, end - at)
            bytes.append(contentsOf: pages[page][from..<from + part])
            at += part
        }
        return bytes
    }

    func write(_ bytes: ArraySlice<UInt8>, at offset: Int) {
        if bytes.isEmpty { return }
        sharesBlocks = false
        grow(to: offset + bytes.count)
        var at = offset
        var rest = bytes
        while !rest.isEmpty {
            let page = at / Self.pageBytes
            let from = at % Self.pageBytes
            let part = min(Self.pageBytes - from, rest.count)
            remember(page)
            pages[page].replaceSubrange(from..<from + part, with: rest.prefix(part))
            rest = rest.dropFirst(part)
            at += part
        }
        lastWrite = offset..<offset + bytes.count
    }

    func truncate(to newLength: Int) {
        if newLength >= length { return grow(to: newLength) }
        let keptPages = (newLength + Self.pageBytes - 1) / Self.pageBytes
        for page in newLength / Self.pageBytes..<pages.count { remember(page) }
        pages.removeLast(pages.count - keptPages)
        length = newLength
        clearTail()
    }

    /// Makes content and length durable, except for pages a failed sync has lost already.
    func sync() {
        unsynced = [:]
        durableLength = length
        lastWrite = 0..<0
    }

    func failSync() {
        lost.merge(unsynced) { older, _ in older }
        unsynced = [:]
        lastWrite = 0..<0
    }

    /// Flips a bit below everyone: in what is seen and in what a crash would bring back.
    func flip(bit: Int, at offset: Int) {
        let page = offset / Self.pageBytes
        let place = offset % Self.pageBytes
        pages[page][place] ^= 1 << UInt8(bit)
        if unsynced[page] != nil { unsynced[page]?[place] ^= 1 << UInt8(bit) }
        if lost[page] != nil { lost[page]?[place] ^= 1 << UInt8(bit) }
    }

    private func grow(to newLength: Int) {
        if newLength <= length { return }
        let needed = (newLength + Self.pageBytes - 1) / Self.pageBytes
        while pages.count < needed { pages.append(Self.zeroPage) }
        length = newLength
    }

    private func remember(_ page: Int) {
        if unsynced[page] != nil { return }
        unsynced[page] = lost.removeValue(forKey: page) ?? pages[page]
    }

    private func clearTail() {
        let used = length % Self.pageBytes
        if used == 0 || pages.isEmpty { return }
        pages[pages.count - 1].replaceSubrange(
            used..., with: repeatElement(0, count: Self.pageBytes - used))
    }
}

extension SimulatedNode {
    /// The power is gone: each unsynced sector is kept or lost, the length is the old one, the new
    /// one or one between, and the last write may end inside a sector.
    func losePower(_ random: inout SeededRandom) {
        let seenLength = length
        let newLength = survivingLength(&random)
        let needed = (max(newLength, seenLength) + Self.pageBytes - 1) / Self.pageBytes
        while pages.count < needed { pages.append(Self.zeroPage) }
        for page in unsynced.keys.sorted() where page < pages.count {
            guard let old = unsynced[page] else { continue }
            for sector in 0..<Self.pageBytes / SimulatedLimits.sectorBytes {
                settle(page, sector, old, seenLength, &random)
            }
        }
        for page in lost.keys.sorted() where page < pages.count {
            // The failed sync may have written some of them.
            if let old = lost[page], random.below(4) != 0 { pages[page] = old }
        }
        length = newLength
        let kept = (newLength + Self.pageBytes - 1) / Self.pageBytes
        pages.removeLast(pages.count - kept)
        clearTail()
        lost = [:]
        sync()
    }

    private func survivingLength(_ random: inout SeededRandom) -> Int {
        if length == durableLength { return length }
        switch random.below(3) {
        case 0: return durableLength
        case 1: return length
        default:
            let low = min(length, durableLength)
            let sectors = (max(length, durableLength) - low) / SimulatedLimits.sectorBytes
            if sectors == 0 || length < durableLength { return length }
            let first = low / SimulatedLimits.sectorBytes
            return max(low, (first + random.below(sectors + 1)) * SimulatedLimits.sectorBytes)
        }
    }

    private func settle(
        _ page: Int, _ sector: Int, _ old: [UInt8], _ seenLength: Int,
        _ random: inout SeededRandom
    ) {
        let size = SimulatedLimits.sectorBytes
        let inPage = sector * size..<sector * size + size
        let start = page * Self.pageBytes + sector * size
        // Beyond what was seen lies what a truncation took away: it comes back whole.
        let isCut = start >= seenLength
        if !isCut, lastWrite.overlaps(start..<start + size), random.below(4) == 0 {
            let torn = inPage.lowerBound + random.below(size)..<inPage.upperBound
            pages[page].replaceSubrange(torn, with: old[torn])
        } else if isCut || random.coin() {
            pages[page].replaceSubrange(inPage, with: old[inPage])
        }
    }
}
