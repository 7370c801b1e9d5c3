import Diagnostics
import Testing

@Suite struct DatabaseErrorTests {
    @Test("placing an error keeps the place it already has")
    func firstPlaceWins() {
        let placed = DatabaseError(.syntaxError, "syntax error").at(7)

        #expect(placed.position == 7)
        #expect(placed.at(9).position == 7)
    }

    @Test("the one-line form names message, detail, hint and state in this order")
    func description() {
        let error = DatabaseError(.diskFull, "cannot write", detail: "Detail.", hint: "Hint.")

        #expect(error.description == "cannot write; Detail.; Hint. [53100]")
    }
}
