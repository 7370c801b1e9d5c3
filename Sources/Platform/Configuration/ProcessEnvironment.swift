import CPlatform

/// The environment of the process, read once at start.
package enum ProcessEnvironment {
    /// Every variable by its name.
    package static func all() -> [String: String] {
        var found: [String: String] = [:]
        var index: Int32 = 0
        // SAFETY: nobody changes the environment, so each entry is a terminated text that stays.
        while let entry = unsafe cnet_environment_entry(index) {
            let text = unsafe String(cString: entry)
            if let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) {
                found[String(text[..<equals])] = String(text[text.utf8.index(after: equals)...])
            }
            index += 1
        }
        return found
    }
}
