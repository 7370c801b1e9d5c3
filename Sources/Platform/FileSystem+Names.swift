/// Which of two names a failed rename or link is about: both are told, target last.
func pathAtFault(_ from: String, _ to: String) -> String { "\(from)\" -> \"\(to)" }
