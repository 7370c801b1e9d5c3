import Diagnostics
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
    mutating func look(
        _ vector: ColumnVector, _ question: Question,
        _ answer: (String) throws(DatabaseError) -> Bool
    ) throws(DatabaseError) -> ColumnVector {
        guard let dictionary = vector.dictionary else { return vector }
        let answers: [UInt8]
        if let entry = entries[question], entry.dictionary === dictionary {
            answers = entry.answers
        } else {
            var found: [UInt8] = []
            found.reserveCapacity(dictionary.strings.count)
            for string in dictionary.strings { found.append(try answer(string) ? 1 : 0) }
            answers = found
            entries[question] = Entry(dictionary: dictionary, answers: answers)
        }
        return mapElements(vector, to: .boolean) { (code: UInt32) -> UInt8 in
            let index = Int(code)
            return index < answers.count ? answers[index] : 0
        }
    }
}
