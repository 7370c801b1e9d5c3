extension SettingValue {
    /// Reads a value of a kind, or returns nil when the text is not one.
    init?(_ text: String, _ kind: SettingKind) {
        switch kind {
        case .boolean:
            switch text.lowercased() {
            case "true", "on", "yes", "1": self = .boolean(true)
            case "false", "off", "no", "0": self = .boolean(false)
            default: return nil
            }
        case .integer(let range):
            guard let number = Int(text), range.contains(number) else { return nil }
            self = .integer(number)
        case .size(let range):
            guard let size = Self.size(text), range.contains(size) else { return nil }
            self = .integer(size)
        case .duration:
            guard let duration = Self.milliseconds(text) else { return nil }
            self = .integer(duration)
        case .text, .secret:
            self = .text(text)
        case .address:
            guard let address = NetworkAddress(text) else { return nil }
            self = .address(address)
        case .choice(let names):
            guard let name = names.first(where: { $0.lowercased() == text.lowercased() }) else {
                return nil
            }
            self = .text(name)
        case .list:
            self = .list(Self.items(text))
        }
    }

    /// Bytes of a text such as `4096`, `16k`, `64M`, `1g`, `64mb`.
    package static func size(_ text: String) -> Int? {
        scaled(
            text,
            units: [
                "": 1, "b": 1, "k": 1 << 10, "kb": 1 << 10, "m": 1 << 20, "mb": 1 << 20,
                "g": 1 << 30, "gb": 1 << 30, "t": 1 << 40, "tb": 1 << 40,
            ])
    }

    /// Milliseconds of a text such as `250`, `500ms`, `30s`, `5m`, `2h`, `1d`.
    package static func milliseconds(_ text: String) -> Int? {
        scaled(
            text,
            units: [
                "": 1, "ms": 1, "s": 1000, "sec": 1000, "m": 60_000, "min": 60_000,
                "h": 3_600_000, "d": 86_400_000,
            ])
    }

    private static func scaled(_ text: String, units: [String: Int]) -> Int? {
        let digits = text.utf8.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard let number = Int(String(Substring(digits))) else { return nil }
        let rest = text.utf8.dropFirst(digits.count).drop { $0 == UInt8(ascii: " ") }
        guard let unit = units[String(Substring(rest)).lowercased()] else { return nil }
        let (value, overflow) = number.multipliedReportingOverflow(by: unit)
        return overflow ? nil : value
    }

    static func items(_ text: String) -> [String] {
        text.utf8.split(separator: UInt8(ascii: ",")).compactMap { item in
            var part = item.drop { $0 == UInt8(ascii: " ") }
            while part.last == UInt8(ascii: " ") { part = part.dropLast() }
            return part.isEmpty ? nil : String(Substring(part))
        }
    }
}
