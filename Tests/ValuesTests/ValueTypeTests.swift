import Testing
import Values

@Suite struct ValueTypeTests {
    @Test("a type is found by its own name and by PostgreSQL's", arguments: ValueType.allCases)
    func ownName(type: ValueType) {
        #expect(ValueType.named(type.name) == type)
    }

    @Test("synonyms are found in any case")
    func synonyms() {
        #expect(ValueType.named("BigInt") == .long)
        #expect(ValueType.named("double precision") == .double)
        #expect(ValueType.named("money") == nil)
    }
}
