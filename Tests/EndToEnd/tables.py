"""The tables that more than one script makes."""

CREATE = "CREATE TABLE t (ts TIMESTAMP, s SYMBOL, v DOUBLE) TIMESTAMP(ts) PARTITION BY DAY"
INSERT = (
    "INSERT INTO t VALUES ('2026-01-01T00:00:00Z', 'a', 1.5), ('2026-01-02T00:00:00Z', 'b', NULL),"
    " ('2026-01-01T12:00:00Z', 'a', -3)")
ALL = "SELECT * FROM {} ORDER BY ts"
ROWS = ["2026-01-01 00:00:00|a|1.5", "2026-01-01 12:00:00|a|-3", "2026-01-02 00:00:00|b|"]

COLUMNS = "(ts TIMESTAMP, s SYMBOL, v DOUBLE, n LONG) TIMESTAMP(ts) PARTITION BY DAY"


def fill(table, step, rows):
    """An INSERT of rows so many microseconds apart, of no pattern that a segment could shrink."""
    return (
        f"INSERT INTO {table} SELECT CAST(1767225600000000 + x * {step} AS TIMESTAMP),"
        f" CAST(x % 100 AS SYMBOL), sqrt(x), x FROM long_sequence({rows})")
