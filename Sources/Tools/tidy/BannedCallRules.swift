/// Calls that have one proper home, each with what to write instead.
enum BannedCallRules {
    static func check(_ file: SourceFile) -> [Finding] {
        guard file.isSwift, file.isSource || file.isTest else { return [] }
        var findings: [Finding] = []
        for (index, token) in file.tokens.enumerated() {
            let found = Place(file: file, index: index)
            guard let message = refusal(of: token.text, found) else { continue }
            findings.append(Finding(file.path, token.line + 1, "banned-call", message))
        }
        return findings
    }

    /// One token of a file with its neighbours.
    struct Place {
        let file: SourceFile
        let index: Int

        func text(_ offset: Int) -> String {
            let position = index + offset
            return file.tokens.indices.contains(position) ? file.tokens[position].text : ""
        }

        /// A call of a free function: not a method's, not a declaration.
        var isFreeCall: Bool {
            let isQualified = text(-1) == "." && text(-2) != "Glibc" && text(-2) != "Foundation"
            return text(1) == "(" && !isQualified && text(-1) != "func"
        }

        /// Whether this token touches the one before it.
        var touchesPrevious: Bool {
            guard index > 0 else { return false }
            let (before, here) = (file.tokens[index - 1], file.tokens[index])
            return before.line == here.line && before.endColumn == here.column
        }

        var touchesNext: Bool {
            Place(file: file, index: index + 1).isInside
                && Place(file: file, index: index + 1).touchesPrevious
        }

        private var isInside: Bool { file.tokens.indices.contains(index) }
    }

    private static let systemCalls: [String: String] = [
        "rename": "publish through Platform's FileSystem",
        "unlink": "remove through Platform's FileSystem, after a recorded plan",
        "open": "open through Platform's FileSystem",
        "getenv": "take the setting from Platform's configuration",
    ]

    private static func refusal(of word: String, _ place: Place) -> String? {
        let file = place.file
        let isPlatform = file.isIn("Sources/Platform", "Sources/CPlatform")
        if !isPlatform, let message = chanceAndClock(word, place) { return message }
        if !isPlatform, let instead = systemCalls[word], place.isFreeCall, reachesLibC(file) {
            return "\(word)( stands only in Platform; \(instead)"
        }
        if file.isTest { return sleeping(word, place) }
        return trapOrPrint(word, place)
    }

    /// Without one of these imports a name such as `open` cannot be the system's.
    private static func reachesLibC(_ file: SourceFile) -> Bool {
        ImportRules.imports(of: file).contains {
            ["Glibc", "Foundation", "FoundationEssentials"].contains($0.module)
        }
    }

    private static func chanceAndClock(_ word: String, _ place: Place) -> String? {
        switch word {
        case "Date" where place.text(1) == "(" && place.text(2) == ")" && place.text(-1) != ".",
            "Date" where place.text(1) == "." && place.text(2) == "now":
            return "the time comes from Platform's Clock"
        case "SystemRandomNumberGenerator":
            return "chance comes from Platform's Chance"
        case "random"
        where place.text(-1) == "." && place.text(1) == "("
            && !drawsFromGivenGenerator(place),
            "shuffled" where place.text(1) == "(" && place.text(2) == ")",
            "randomElement" where place.text(1) == "(" && place.text(2) == ")":
            return "chance comes from Platform's Chance, or from a seeded generator by using:"
        default:
            return nil
        }
    }

    private static func drawsFromGivenGenerator(_ place: Place) -> Bool {
        var depth = 0
        for offset in 1..<64 {
            switch place.text(offset) {
            case "(": depth += 1
            case ")":
                depth -= 1
                if depth == 0 { return false }
            case "using" where depth == 1: return true
            default: continue
            }
        }
        return false
    }

    private static func sleeping(_ word: String, _ place: Place) -> String? {
        switch word {
        case "sleep" where place.text(1) == "(" && place.text(-1) != "func",
            "usleep" where place.text(1) == "(", "nanosleep" where place.text(1) == "(":
            "a test does not sleep; wait on a gate or use the simulated clock"
        default:
            nil
        }
    }

    private static func trapOrPrint(_ word: String, _ place: Place) -> String? {
        let mayPrint = place.file.isIn("Sources/Tools", "Sources/basalt")
        switch word {
        case "print" where place.isFreeCall && !mayPrint:
            return "only tools and basalt print; take a LogSink"
        case "fatalError" where place.isFreeCall:
            return "use preconditionFailure with the reason why this cannot happen"
        case "!" where place.touchesPrevious && !isBeforeEqualSign(place):
            switch place.text(-1) {
            case "try": return "no try!; handle the error or throw it"
            case "as": return "no as!; use as? and name what else it may be"
            case let before where isEndOfValue(before):
                return "no ! on an optional; bind it with guard, or throw"
            default: return nil
            }
        default:
            return nil
        }
    }

    private static func isBeforeEqualSign(_ place: Place) -> Bool {
        place.text(1) == "=" && place.touchesNext
    }

    private static func isEndOfValue(_ text: String) -> Bool {
        if text == ")" || text == "]" { return true }
        return Token(text: text, column: 0, line: 0).isWord
    }
}
