"""What a soak's database must hold: each writer's operations in order, and the states they lead to."""

import threading


class Operation:
    """One statement or block of one writer: SQL, and the same change in the model."""

    def __init__(self, sql, change):
        self.sql = sql
        self.change = change
        self.sent = None
        self.answered = None


class Script:
    """The operations of one writer on the tables that only it changes.

    A state is {table: {key: (moment, value)}}. Operations are run one after another, so every
    state the database can ever show is the one after some number of them.
    """

    def __init__(self, number, clock):
        self.number = number
        self.clock = clock
        # Held while an operation runs, and by whoever must not be disturbed by one.
        self.turn = threading.Lock()
        self.state = {}
        self.done = 0
        self.pending = None
        # Operations since the oldest window that is open, for backups to be compared with.
        self.log = []
        self.windows = 0
        self.guard = threading.Lock()

    def begin(self, operation):
        with self.guard:
            operation.sent = self.clock.tick()
            self.pending = operation

    def end(self, happened):
        with self.guard:
            operation, self.pending = self.pending, None
            if not happened:
                return
            operation.answered = self.clock.tick()
            self.state = apply(self.state, operation)
            self.done += 1
            if self.windows:
                self.log.append(operation)

    def open_window(self):
        """Begins to remember which states there are; returns the present one."""
        with self.guard:
            if not self.windows:
                self.log = []
            self.windows += 1
            return Window(self, self.state, len(self.log))

    def close_window(self, window):
        with self.guard:
            operations = self.log[window.start:]
            if self.pending:
                operations.append(self.pending)
            self.windows -= 1
            window.close(operations)


class Window:
    """The states of one script between two moments, in which a backup was taken."""

    def __init__(self, script, state, start):
        self.script = script
        self.state = state
        self.start = start
        self.operations = []

    def close(self, operations):
        self.operations = list(operations)

    def matches(self, found):
        """How many operations after the window's begin lead to what was found; empty: none."""
        return [count for count, state in enumerate(self.states()) if state == found]

    def states(self):
        """Every state between the two moments, in order."""
        state = self.state
        yield state
        for operation in self.operations:
            state = apply(state, operation)
            yield state


class Clock:
    """Numbers events in their order."""

    def __init__(self):
        self.now = 0
        self.lock = threading.Lock()

    def tick(self):
        with self.lock:
            self.now += 1
            return self.now


def apply(state, operation):
    """The state after an operation; states are never changed, so that windows can share them."""
    changed = dict(state)
    operation.change(changed)
    return changed


def is_one_instant(windows, counts):
    """Whether some choice among the matching states respects the order of events: what was answered
    before an operation that is inside was sent must be inside too."""
    fewest = {window: min(found) for window, found in zip(windows, counts)}
    most = {window: max(found) for window, found in zip(windows, counts)}
    latest = max(
        (window.operations[count - 1].sent for window, count in fewest.items() if count), default=0)
    for window, count in most.items():
        for operation in window.operations[count:]:
            if operation.answered and operation.answered < latest:
                return False
    return True
