extension ConnectionMachine {
    /// Checks INV-1, INV-3 and INV-4; INV-2 is what `step` guards.
    func checkInvariants() {
        #if INVARIANT_CHECKS
            if outstanding != nil {
                switch phase {
                case .lookingUp, .opening, .ready: break
                case .startup, .tlsHandshake, .saslBegin, .saslProof, .password, .closed:
                    preconditionFailure("INV-1: a request is outstanding in the handshake")
                }
            }
            precondition(copy == .none || outstanding != nil, "INV-2: COPY without a statement")
            precondition(statements.count <= PostgresLimits.statements, "INV-3: statements")
            precondition(portals.count <= PostgresLimits.portals, "INV-3: portals")
            precondition(!isClosed || decoder.buffered == 0, "INV-4: input held after close")
        #endif
    }
}
