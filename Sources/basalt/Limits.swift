/// What the commands bound by themselves.
enum Limits {
    /// Damaged files that `basalt repair` names: who has lost more has lost whole directories, and
    /// the number tells it.
    static let damagesTold = 1_000
}
