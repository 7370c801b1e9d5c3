package import Diagnostics

/// Where a setting's value comes from.
package enum SettingSource: Sendable, Equatable {
    case standard
    case file(line: Int)
    case environment(String)

    /// The word SHOW PARAMETERS has for it.
    package var name: String {
        switch self {
        case .standard: "default"
        case .file: "conf"
        case .environment: "env"
        }
    }
}

/// A row of SHOW PARAMETERS.
package struct ParameterRow: Sendable, Equatable {
    package let name: String
    package let environmentName: String
    /// The value as text; `****` for a secret.
    package let value: String
    package let source: String
    package let isSensitive: Bool
    package let isReloadable: Bool
    package let summary: String
}

/// All settings with their values: the defaults, over them the file, over it the environment.
package struct Configuration: Sendable {
    struct Entry: Sendable, Equatable {
        let key: SettingKey
        let value: SettingValue
        let text: String
        let source: SettingSource
    }

    private(set) var entries: [String: Entry] = [:]
    /// What the start should log: unknown keys, keys given twice.
    package private(set) var warnings: [String] = []
    private let path: String

    /// The defaults alone.
    package init() {
        path = ""
        for key in SettingTable.all { setDefault(key) }
    }

    /// Reads settings.
    ///
    /// - Parameters:
    ///   - text: the file, or nil when there is none.
    ///   - path: its name, for messages.
    ///   - environment: every environment variable; only `QDB_…` and `BASALT_…` matter.
    ///   - readSecret: reads the file that a `…_FILE` variable or a `….file` key names.
    /// - Throws: F0000 naming key, value, file and line; what `readSecret` throws.
    package init(
        text: [UInt8]?, path: String, environment: [String: String],
        readSecret: (String) throws(DatabaseError) -> [UInt8]
    ) throws(DatabaseError) {
        self.path = path
        for key in SettingTable.all { setDefault(key) }
        for property in PropertiesParser.parse(text ?? []) { try take(property, readSecret) }
        try takeEnvironment(environment, readSecret)
        if boolean("config.validation.strict"), let first = unknown.first {
            throw .unknownSetting(first)
        }
    }

    private var unknown: [String] = []

    /// Reads `path` (which may be missing) and the environment.
    package static func load(
        path: String, files: any FileSystem, environment: [String: String]
    ) throws(DatabaseError) -> Configuration {
        let isThere = try files.info(path) != nil
        let text =
            isThere
            ? try files.readAll(path, upTo: ConfigurationLimits.fileBytes, .readLinked) : nil
        return try Configuration(text: text, path: path, environment: environment) {
            (secret) throws(DatabaseError) in
            try files.readAll(secret, upTo: ConfigurationLimits.secretBytes, .readLinked)
        }
    }

    package func boolean(_ name: String) -> Bool {
        guard case .boolean(let value) = value(name) else {
            preconditionFailure("a setting is read as what the table says it is")
        }
        return value
    }

    /// A number, a size in bytes or a duration in milliseconds.
    package func integer(_ name: String) -> Int {
        guard case .integer(let value) = value(name) else {
            preconditionFailure("a setting is read as what the table says it is")
        }
        return value
    }

    package func text(_ name: String) -> String {
        guard case .text(let value) = value(name) else {
            preconditionFailure("a setting is read as what the table says it is")
        }
        return value
    }

    package func address(_ name: String) -> NetworkAddress {
        guard case .address(let value) = value(name) else {
            preconditionFailure("a setting is read as what the table says it is")
        }
        return value
    }

    package func list(_ name: String) -> [String] {
        guard case .list(let value) = value(name) else {
            preconditionFailure("a setting is read as what the table says it is")
        }
        return value
    }

    /// A setting that is a path, made absolute under the root directory; nil when it is empty.
    package func path(_ name: String, root: String) -> String? {
        let text = text(name)
        guard !text.isEmpty else { return nil }
        return text.hasPrefix("/") ? text : Path.join(root, text)
    }

    /// Where a setting's value comes from.
    package func source(_ name: String) -> SettingSource { entry(name).source }

    /// The rows of SHOW PARAMETERS, in the order of the table.
    package var parameters: [ParameterRow] {
        SettingTable.all.map { key in
            let entry = entry(key.name)
            return ParameterRow(
                name: key.name, environmentName: key.environmentName,
                value: key.isSecret && !entry.text.isEmpty ? "****" : entry.text,
                source: entry.source.name, isSensitive: key.isSecret,
                isReloadable: key.takesEffectOnReload, summary: key.meaning)
        }
    }

    /// Returns these settings with the reloadable ones taken from `other`, and the names of those
    /// that differ there but need a restart.
    package func reloaded(from other: Configuration) -> (
        configuration: Configuration, changed: [String], needingRestart: [String]
    ) {
        var (result, changed, needingRestart) = (self, [String](), [String]())
        for key in SettingTable.all where entry(key.name).value != other.entry(key.name).value {
            guard key.takesEffectOnReload else {
                needingRestart.append(key.name)
                continue
            }
            changed.append(key.name)
            result.entries[key.name] = other.entry(key.name)
        }
        result.warnings = other.warnings
        return (result, changed, needingRestart)
    }

    private func value(_ name: String) -> SettingValue { entry(name).value }

    private func entry(_ name: String) -> Entry {
        guard let entry = entries[name] else {
            preconditionFailure("a setting that is read stands in the table")
        }
        return entry
    }

    private mutating func setDefault(_ key: SettingKey) {
        guard let value = SettingValue(key.defaultText, key.kind) else {
            preconditionFailure("a default is a value of its kind")
        }
        entries[key.name] = Entry(
            key: key, value: value, text: key.defaultText, source: .standard)
    }

    private mutating func take(
        _ property: Property, _ readSecret: (String) throws(DatabaseError) -> [UInt8]
    ) throws(DatabaseError) {
        let place = "\(path):\(property.line)"
        let name = property.name
        if let key = SettingTable.key(named: name) {
            if case .file(let line) = entry(key.name).source {
                warnings.append(
                    "setting given twice, line \(line) is overruled \"\(name)\" at \(place)")
            }
            return try set(
                key, as: name, property.value, .file(line: property.line), place: place)
        }
        if name.hasSuffix(".file"), let key = SettingTable.key(named: String(name.dropLast(5))),
            key.isSecret
        {
            let secret = Self.line(try readSecret(property.value))
            return try set(key, as: key.name, secret, .file(line: property.line), place: place)
        }
        reportUnknown(name, SettingTable.nearest(to: name), place: place)
    }

    private mutating func takeEnvironment(
        _ environment: [String: String],
        _ readSecret: (String) throws(DatabaseError) -> [UInt8]
    ) throws(DatabaseError) {
        let keys = Self.keysByEnvironmentForm
        for prefix in ["QDB_", "BASALT_"] {
            let names = environment.keys.filter { $0.hasPrefix(prefix) }.sorted()
            for name in names {
                let form = SettingKey.environmentForm(String(name.dropFirst(prefix.count)))
                guard let text = environment[name] else { continue }
                if let (key, given) = keys[form] {
                    // The file that holds a secret beats the secret itself.
                    if key.isSecret, environment[name + "_FILE"] != nil { continue }
                    try set(key, as: given, text, .environment(name), place: name)
                } else if form.hasSuffix("_FILE"), let (key, _) = keys[String(form.dropLast(5))],
                    key.isSecret
                {
                    let secret = Self.line(try readSecret(text))
                    try set(key, as: key.name, secret, .environment(name), place: name)
                } else if !Self.isForOthers(form) {
                    let near = SettingTable.nearest(
                        to: form.lowercased().split(separator: "_").joined(separator: "."))
                    reportUnknown(
                        name, near.map { prefix + SettingKey.environmentForm($0) },
                        place: "the environment")
                }
            }
        }
    }

    /// Variables that the log, the entry point of the image or the shell reads.
    private static func isForOthers(_ form: String) -> Bool {
        ["LOG_", "TEST_", "CLIENT_"].contains { form.hasPrefix($0) }
            || ["ROOT", "DEBUG", "VERSION", "CONFIG"].contains(form)
    }

    private static var keysByEnvironmentForm: [String: (SettingKey, String)] {
        var keys: [String: (SettingKey, String)] = [:]
        for key in SettingTable.all {
            for name in [key.name] + key.aliases {
                keys[SettingKey.environmentForm(name)] = (key, name)
            }
        }
        return keys
    }

    private mutating func set(
        _ key: SettingKey, as given: String, _ text: String, _ source: SettingSource,
        place: String
    ) throws(DatabaseError) {
        // The one alias with a unit of its own.
        let text = given == "query.timeout.sec" ? text + "s" : text
        guard let value = SettingValue(text, key.kind) else {
            throw .badSetting(
                given, text: key.isSecret ? "****" : text, key.kind.expectation, place: place)
        }
        entries[key.name] = Entry(key: key, value: value, text: text, source: source)
        guard value != SettingValue(key.defaultText, key.kind) else { return }
        if SettingTable.refused.contains(key.name) {
            throw .unsupportedSetting(given, text: text, standard: key.defaultText, place: place)
        }
        if SettingTable.ignored.contains(key.name) {
            warnings.append("setting \"\(given)\" at \(place) is without effect in this version")
        }
    }

    private mutating func reportUnknown(_ name: String, _ nearest: String?, place: String) {
        let guess = nearest.map { ", the nearest known one is \"\($0)\"" } ?? ""
        let line = "unknown setting \"\(name)\" at \(place)\(guess)"
        unknown.append(line)
        warnings.append(line)
    }

    /// A secret's file ends with a line break more often than not.
    private static func line(_ bytes: [UInt8]) -> String {
        var bytes = bytes[...]
        while bytes.last == 0x0a || bytes.last == 0x0d { bytes = bytes.dropLast() }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// The bounds of what is read as configuration.
package enum ConfigurationLimits {
    /// A file of settings is text a person wrote.
    package static let fileBytes = 1 << 20
    /// A password or token, with room for a certificate's worth.
    package static let secretBytes = 64 << 10
}

extension DatabaseError {
    static func badSetting(
        _ name: String, text: String, _ expectation: String, place: String
    ) -> DatabaseError {
        DatabaseError(
            .configuration, "setting \(expectation) \"\(name)=\(text)\" at \(place)")
    }

    static func unsupportedSetting(
        _ name: String, text: String, standard: String, place: String
    ) -> DatabaseError {
        DatabaseError(
            .configuration,
            "setting can only be \"\(standard)\" in this version \"\(name)=\(text)\" at \(place)",
            hint: "Take the line away; to ignore it would leave open what it is to shut.")
    }

    static func unknownSetting(_ line: String) -> DatabaseError {
        DatabaseError(
            .configuration, line,
            hint: "Correct the name, or set config.validation.strict=false to go on without it.")
    }
}
