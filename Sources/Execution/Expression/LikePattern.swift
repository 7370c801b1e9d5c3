/// A pattern of LIKE, taken apart once.
struct LikePattern {
    private enum Step: Equatable {
        case anyRun, anyOne
        case exactly(Unicode.Scalar)
    }

    private let steps: [Step]
    private let ignoringCase: Bool

    init(_ pattern: String, escape: String?, ignoringCase: Bool) {
        self.ignoringCase = ignoringCase
        let escapeScalar = escape?.unicodeScalars.first
        var steps: [Step] = []
        var isEscaped = false
        let text = ignoringCase ? pattern.lowercased() : pattern
        for scalar in text.unicodeScalars {
            if isEscaped {
                steps.append(.exactly(scalar))
                isEscaped = false
            } else if scalar == escapeScalar {
                isEscaped = true
            } else if scalar == "%" {
                if steps.last != .anyRun { steps.append(.anyRun) }
            } else {
                steps.append(scalar == "_" ? .anyOne : .exactly(scalar))
            }
        }
        self.steps = steps
    }

    /// Goes back to the last `%` only, so the cost is at most text times pattern.
    func matches(_ text: String) -> Bool {
        let scalars = Array((ignoringCase ? text.lowercased() : text).unicodeScalars)
        var position = 0
        var step = 0
        var retry: (step: Int, position: Int)?
        while position < scalars.count {
            if step < steps.count {
                switch steps[step] {
                case .anyRun:
                    retry = (step + 1, position)
                    step += 1
                    continue
                case .anyOne:
                    step += 1
                    position += 1
                    continue
                case .exactly(let scalar):
                    if scalars[position] == scalar {
                        step += 1
                        position += 1
                        continue
                    }
                }
            }
            guard let last = retry else { return false }
            retry = (last.step, last.position + 1)
            step = last.step
            position = last.position + 1
        }
        while step < steps.count, steps[step] == .anyRun { step += 1 }
        return step == steps.count
    }
}
