import Diagnostics
import Testing

@Suite struct SQLStateTests {
    @Test("every state of the table has five characters and stands there once")
    func tableIsWellFormed() {
        let codes = SQLState.all.map(\.code)

        #expect(codes.allSatisfy { $0.utf8.count == 5 })
        #expect(Set(codes).count == codes.count)
    }

    @Test("a code is found by its text, an unknown one is not")
    func namedFindsRows() {
        #expect(SQLState.named("42P01") == .undefinedTable)
        #expect(SQLState.named("99999") == nil)
    }

    @Test("a state belongs to the class of its first two characters")
    func stateClass() {
        #expect(SQLState.undefinedTable.stateClass == "42")
    }
}
