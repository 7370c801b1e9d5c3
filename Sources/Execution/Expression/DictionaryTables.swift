import Planner
import Values

/// Answers to questions about the strings of a dictionary, asked once per string and not per row.
struct DictionaryTables {
    enum Question: Hashable {
        case comparison(Operation, String)
        case like(String, String?, Bool)
    }

    private struct Entry {
        let dictionary: SymbolDictionary
        let answers: [UInt8]
    }

    /// The last dictionary seen for each question: runs come one after the other.
    private var entries: [Question: Entry] = [:]

    /// Answers for each row of a SYMBOL vector.
    mutating func look(_ vector: ColumnVector, _ question: Question, _ answer: (String) -> Bool)
        -> ColumnVector
    {
        guard let dictionary = vector.dictionary else { return vector }
        let answers: [UInt8]
        if let entry = entries[question], entry.dictionary === dictionary {
            answers = entry.answers
        } else {
            answers = dictionary.strings.map { answer($0) ? 1 : 0 }
            entries[question] = Entry(dictionary: dictionary, answers: answers)
        }
        return mapElements(vector, to: .boolean) { (code: UInt32) -> UInt8 in
            let index = Int(code)
            return index < answers.count ? answers[index] : 0
        }
    }
}
