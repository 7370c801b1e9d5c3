import Diagnostics

/// The names of the simulated disk and the changes to them that a crash may undo.
///
/// - INV-1 A node's link count is the number of names it has now.
/// - INV-2 Applying all of `unsynced` in order to the durable entries gives the entries of now.
struct SimulatedTree {
    /// One name that gets, changes or loses its node.
    struct Change {
        let directory: SimulatedNode
        let name: String
        let after: SimulatedNode?

        var key: Key { Key(directory: directory.number, name: name) }
    }

    struct Key: Hashable {
        let directory: Int
        let name: String
    }

    let root: SimulatedNode
    var capacity: Int?
    /// Whether files may share blocks, as on btrfs and XFS.
    var sharesBlocks = false
    private var nextNumber = 2
    /// Each element is one call: all its changes survive a crash, or none.
    private var unsynced: [[Change]] = []

    init(capacity: Int?) {
        self.capacity = capacity
        root = SimulatedNode(number: 1, isDirectory: true, permissions: 0o755)
        root.linkCount = 1
    }

    // MARK: Finding

    /// The node at a path; nil when the last part is missing.
    func find(_ path: String) throws(SimulatedFailure) -> SimulatedNode? {
        var node = root
        let parts = path.utf8.split(separator: UInt8(ascii: "/")).map { String($0) ?? "" }
        for (index, part) in parts.enumerated() {
            guard node.isDirectory else { throw SimulatedFailure(ErrorNumber.notDirectory) }
            try checkLength(part)
            guard let next = node.entries[part] else {
                if index == parts.count - 1 { return nil }
                throw SimulatedFailure(ErrorNumber.noEntry)
            }
            node = next
        }
        return node
    }

    func existing(_ path: String) throws(SimulatedFailure) -> SimulatedNode {
        guard let node = try find(path) else { throw SimulatedFailure(ErrorNumber.noEntry) }
        return node
    }

    func directory(_ path: String) throws(SimulatedFailure) -> SimulatedNode {
        let node = try existing(path)
        guard node.isDirectory else { throw SimulatedFailure(ErrorNumber.notDirectory) }
        return node
    }

    private func place(_ path: String) throws(SimulatedFailure) -> (SimulatedNode, String) {
        let name = Path.name(of: path)
        if name.isEmpty { throw SimulatedFailure(ErrorNumber.exists) }
        try checkLength(name)
        return (try directory(Path.directory(of: path)), name)
    }

    private func checkLength(_ name: String) throws(SimulatedFailure) {
        if name.utf8.count > SimulatedLimits.nameBytes {
            throw SimulatedFailure(ErrorNumber.nameTooLong)
        }
    }

    // MARK: Changing names

    mutating func create(_ path: String, isDirectory: Bool, permissions: UInt16)
        throws(SimulatedFailure) -> SimulatedNode
    {
        let (directory, name) = try place(path)
        if directory.entries[name] != nil { throw SimulatedFailure(ErrorNumber.exists) }
        if freeBytes <= 0 { throw SimulatedFailure(ErrorNumber.noSpace) }
        let node = SimulatedNode(
            number: nextNumber, isDirectory: isDirectory, permissions: permissions)
        nextNumber += 1
        apply([Change(directory: directory, name: name, after: node)])
        return node
    }

    mutating func remove(_ path: String) throws(SimulatedFailure) {
        let node = try existing(path)
        if node.isDirectory { throw SimulatedFailure(ErrorNumber.isDirectory) }
        let (directory, name) = try place(path)
        apply([Change(directory: directory, name: name, after: nil)])
    }

    mutating func removeDirectory(_ path: String) throws(SimulatedFailure) {
        let node = try directory(path)
        if !node.entries.isEmpty { throw SimulatedFailure(ErrorNumber.notEmpty) }
        let (directory, name) = try place(path)
        apply([Change(directory: directory, name: name, after: nil)])
    }

    mutating func link(_ from: String, to: String) throws(SimulatedFailure) {
        let node = try existing(from)
        let (directory, name) = try place(to)
        if directory.entries[name] != nil { throw SimulatedFailure(ErrorNumber.exists) }
        if node.isDirectory { throw SimulatedFailure(ErrorNumber.notPermitted) }
        apply([Change(directory: directory, name: name, after: node)])
    }

    mutating func rename(_ from: String, to: String, replacing: Bool) throws(SimulatedFailure) {
        let node = try existing(from)
        let (source, oldName) = try place(from)
        let (target, newName) = try place(to)
        if let present = target.entries[newName] {
            if !replacing { throw SimulatedFailure(ErrorNumber.exists) }
            if present === node { return }
            if present.isDirectory && !node.isDirectory {
                throw SimulatedFailure(ErrorNumber.isDirectory)
            }
            if !present.isDirectory && node.isDirectory {
                throw SimulatedFailure(ErrorNumber.notDirectory)
            }
            if !present.entries.isEmpty { throw SimulatedFailure(ErrorNumber.notEmpty) }
        }
        if node.isDirectory, to.hasPrefix(from + "/") {
            throw SimulatedFailure(ErrorNumber.invalid)
        }
        apply([
            Change(directory: source, name: oldName, after: nil),
            Change(directory: target, name: newName, after: node),
        ])
    }

    private mutating func apply(_ changes: [Change]) {
        for change in changes {
            change.directory.entries[change.name]?.linkCount -= 1
            change.directory.entries[change.name] = change.after
            change.after?.linkCount += 1
        }
        unsynced.append(changes)
    }

    // MARK: Space

    /// Bytes free, as far as the capacity goes.
    var freeBytes: Int {
        guard let capacity else { return SimulatedLimits.unlimitedBytes }
        var seen: Set<Int> = []
        return capacity - usedBytes(below: root, &seen)
    }

    private func usedBytes(below node: SimulatedNode, _ seen: inout Set<Int>) -> Int {
        if !seen.insert(node.number).inserted { return 0 }
        return node.entries.values.reduce(node.sharesBlocks ? 0 : node.length) {
            $0 + usedBytes(below: $1, &seen)
        }
    }

    // MARK: Durability

    /// Makes the calls that touched a directory durable, and those before them they build on.
    mutating func syncDirectory(_ directory: SimulatedNode) {
        var keys: Set<Key> = []
        var chosen = Set<Int>()
        for index in unsynced.indices.reversed() {
            let changes = unsynced[index]
            if changes.contains(where: { $0.directory === directory || keys.contains($0.key) }) {
                chosen.insert(index)
                keys.formUnion(changes.map(\.key))
            }
        }
        for index in chosen.sorted() { makeDurable(unsynced[index]) }
        unsynced = unsynced.indices.filter { !chosen.contains($0) }.map { unsynced[$0] }
    }

    mutating func syncEverything() {
        for changes in unsynced { makeDurable(changes) }
        unsynced = []
        forEachNode { $0.sync() }
    }

    /// The power is gone: each unsynced call is kept or lost, and with a lost one those that build
    /// on the same names.
    mutating func losePower(_ random: inout SeededRandom) {
        var lost: Set<Key> = []
        for changes in unsynced {
            let buildsOnLost = changes.contains { lost.contains($0.key) }
            if !buildsOnLost && random.coin() {
                makeDurable(changes)
            } else {
                lost.formUnion(changes.map(\.key))
            }
        }
        unsynced = []
        var seen: Set<Int> = []
        settle(root, &seen, &random)
        root.linkCount = 1
    }

    private func makeDurable(_ changes: [Change]) {
        for change in changes { change.directory.durableEntries[change.name] = change.after }
    }

    /// What is durable becomes what is seen. Names in order, so that a seed says the same twice.
    private func settle(
        _ node: SimulatedNode, _ seen: inout Set<Int>, _ random: inout SeededRandom
    ) {
        if !seen.insert(node.number).inserted {
            node.linkCount += 1
            return
        }
        node.linkCount = 1
        node.losePower(&random)
        node.entries = node.durableEntries
        for name in node.entries.keys.sorted() {
            if let child = node.entries[name] { settle(child, &seen, &random) }
        }
    }

    private func forEachNode(_ body: (SimulatedNode) -> Void) {
        var seen: Set<Int> = []
        func visit(_ node: SimulatedNode) {
            if !seen.insert(node.number).inserted { return }
            body(node)
            for child in node.entries.values { visit(child) }
        }
        visit(root)
    }
}

/// Why a simulated call fails; the file system adds call and path.
struct SimulatedFailure: Error {
    let errorNumber: Int32
    init(_ errorNumber: Int32) { self.errorNumber = errorNumber }
}
