import Diagnostics

/// Columns and constraints of a table's definition.
extension Parser {
    /// What stands between the parentheses of CREATE TABLE.
    struct TableElements {
        var columns: [ColumnDefinition] = []
        var constraints: [TableConstraint] = []
    }

    mutating func tableElements() throws(DatabaseError) -> TableElements {
        var elements = TableElements()
        try expect(.openParenthesis)
        repeat {
            if let constraint = try tableConstraint() {
                elements.constraints.append(constraint)
            } else {
                elements.columns.append(try columnDefinition())
            }
        } while try accept(.comma)
        try expect(.closeParenthesis)
        return elements
    }

    /// `[CONSTRAINT name] CHECK (…) | PRIMARY KEY (…) | UNIQUE (…)`; nil when it is a column.
    mutating func tableConstraint() throws(DatabaseError) -> TableConstraint? {
        let name = try accept(.constraint) ? try self.name() : nil
        let position = token.position
        if try accept(.check) {
            return TableConstraint(name: name, kind: .check(try checked()), position: position)
        }
        if self.is(.primary) || self.is(.unique) {
            let isPrimary = try keyWord()
            let columns = try parenthesizedList { parser throws(DatabaseError) in
                try parser.columnName()
            }
            return TableConstraint(
                name: name, kind: .key(isPrimary: isPrimary, columns: columns), position: position)
        }
        if self.is(.foreign) { throw .notSupported("FOREIGN KEY", at: position) }
        if isWord("exclude") { throw .notSupported("EXCLUDE", at: position) }
        if name != nil { throw unexpected() }
        return nil
    }

    /// PRIMARY KEY or UNIQUE; true for the former.
    private mutating func keyWord() throws(DatabaseError) -> Bool {
        if try accept(.unique) {
            if isWord("nulls") { throw .notSupported("NULLS NOT DISTINCT", at: token.position) }
            return false
        }
        try expect(.primary, .key)
        return true
    }

    private mutating func checked() throws(DatabaseError) -> Expression {
        try expect(.openParenthesis)
        let condition = try expression()
        try expect(.closeParenthesis)
        if try accept(.no) { try expectWord("inherit") }
        return condition
    }

    mutating func columnDefinition() throws(DatabaseError) -> ColumnDefinition {
        let name = try columnName()
        var column = ColumnDefinition(name: name, type: try typeName())
        while try columnOption(&column) {}
        if !self.is(.comma), !self.is(.closeParenthesis), keyword?.isReserved == true {
            throw .notSupported("\(tokenText.uppercased()) of a column", at: token.position)
        }
        return column
    }

    private mutating func columnOption(_ column: inout ColumnDefinition) throws(DatabaseError)
        -> Bool
    {
        let position = token.position
        if try symbolHint(&column.symbol) { return true }
        if try accept(.null) { return true }
        if try accept(.not) {
            try expect(.null)
            column.isNotNull = true
            return true
        }
        if try accept(.default) {
            guard column.defaultValue == nil else {
                throw .conflictingClauses("DEFAULT", at: position)
            }
            column.defaultValue = try expression(.otherOperator)
            return true
        }
        if try acceptWord("generated") {
            column.identity = try identity(position)
            column.isNotNull = true
            return true
        }
        let label = try accept(.constraint) ? try self.name() : nil
        if label != nil, self.is(.not) || self.is(.default) || self.is(.null) {
            return try columnOption(&column)
        }
        if try accept(.check) {
            column.constraints.append(
                TableConstraint(name: label, kind: .check(try checked()), position: position))
            return true
        }
        if self.is(.primary) || self.is(.unique) {
            let isPrimary = try keyWord()
            column.constraints.append(
                TableConstraint(
                    name: label, kind: .key(isPrimary: isPrimary, columns: [column.name]),
                    position: position))
            return true
        }
        if self.is(.references) { throw .notSupported("REFERENCES", at: token.position) }
        if label != nil { throw unexpected() }
        return false
    }

    private mutating func identity(_ position: Int) throws(DatabaseError) -> Identity {
        var isAlways = true
        if try accept(.by) {
            try expect(.default)
            isAlways = false
        } else {
            try expectWord("always")
        }
        try expect(.as)
        if self.is(.openParenthesis) { throw .notSupported("a generated column", at: position) }
        try expectWord("identity")
        var options = SequenceOptions()
        options.position = position
        if try accept(.openParenthesis) {
            options = try sequenceOptions()
            try expect(.closeParenthesis)
        }
        return Identity(isAlways: isAlways, options: options)
    }

    /// CAPACITY, CACHE and INDEX of a SYMBOL tune structures that Basalt does not have: every
    /// segment has its own sorted dictionary. They change no answer and are kept to be shown.
    private mutating func symbolHint(_ symbol: inout SymbolClause) throws(DatabaseError) -> Bool {
        if try accept(.capacity) {
            symbol.capacity = try integer()
        } else if try accept(.index) {
            symbol.isIndexed = true
            if try accept(.capacity) { symbol.indexCapacity = try integer() }
        } else if try accept(.cache) {
            symbol.isCached = true
        } else if try accept(.nocache) {
            symbol.isCached = false
        } else {
            return false
        }
        return true
    }
}
