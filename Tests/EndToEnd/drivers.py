"""The same statements through Python's drivers: whole lives of a backup, parameters, errors.

Each driver speaks the protocol in its own way: simple or extended, text or binary, prepared or not.
One that is not installed is passed over.
"""

import asyncio
import datetime
import importlib
import unittest

import server

FIRST = datetime.datetime(2026, 1, 1, 9, 30)
ROWS = [
    (FIRST, "a", 1.5, 1),
    (FIRST + datetime.timedelta(days=1, microseconds=7), "b", -2.25, None),
    (FIRST + datetime.timedelta(days=2), None, float("inf"), 2**62),
]
TABLE = (
    "CREATE TABLE t (ts TIMESTAMP, s SYMBOL, p DOUBLE, n LONG) TIMESTAMP(ts) PARTITION BY DAY")


class Failure(Exception):
    """What the server said, as a driver passed it on."""

    def __init__(self, state, message):
        super().__init__(f"{state}: {message}")
        self.state = state


class Psycopg2:
    module = "psycopg2"
    mark = staticmethod(lambda number: "%s")

    def __init__(self, module, port):
        self.error = module.Error
        self.connection = module.connect(
            host="127.0.0.1", port=port, user="admin", password="quest", dbname="qdb")
        self.connection.autocommit = True

    def run(self, statement, values=()):
        """The command tag or None where the driver does not tell, and the rows."""
        cursor = self.connection.cursor()
        try:
            self.send(cursor, statement, values)
        except self.error as error:
            raise Failure(self.state(error), str(error)) from error
        rows = [tuple(row) for row in cursor.fetchall()] if cursor.description else []
        return self.tag(cursor), rows

    def send(self, cursor, statement, values):
        cursor.execute(statement, values or None)

    def state(self, error):
        return error.pgcode

    def tag(self, cursor):
        return cursor.statusmessage

    def notices(self):
        return list(self.connection.notices)

    def close(self):
        self.connection.close()


class Psycopg(Psycopg2):
    module = "psycopg"

    def __init__(self, module, port):
        super().__init__(module, port)
        self.said = []
        self.connection.add_notice_handler(lambda said: self.said.append(said.message_primary))

    def state(self, error):
        return error.sqlstate

    def notices(self):
        return self.said


class PsycopgPreparedBinary(Psycopg):
    def run(self, statement, values=()):
        cursor = self.connection.cursor(binary=True)
        try:
            cursor.execute(statement, values or None, prepare=True)
        except self.error as error:
            raise Failure(error.sqlstate, str(error)) from error
        return cursor.statusmessage, cursor.fetchall() if cursor.description else []


class Pg8000(Psycopg2):
    module = "pg8000"

    def __init__(self, module, port):
        self.error = module.Error
        self.connection = module.connect(
            host="127.0.0.1", port=port, user="admin", password="quest", database="qdb")
        self.connection.autocommit = True

    def send(self, cursor, statement, values):
        cursor.execute(statement, values)

    def state(self, error):
        return error.args[0]["C"]

    def tag(self, cursor):
        return None

    def notices(self):
        return None


class Asyncpg:
    module = "asyncpg"
    mark = staticmethod(lambda number: f"${number}")

    def __init__(self, module, port):
        self.error = module.PostgresError
        self.said = []
        self.loop = asyncio.new_event_loop()
        self.connection = self.wait(module.connect(
            host="127.0.0.1", port=port, user="admin", password="quest", database="qdb"))
        self.connection.add_log_listener(lambda _, said: self.said.append(said.message))

    def wait(self, call):
        return self.loop.run_until_complete(call)

    def run(self, statement, values=()):
        try:
            prepared = self.wait(self.connection.prepare(statement))
            rows = self.wait(prepared.fetch(*values))
        except self.error as error:
            raise Failure(error.sqlstate, str(error)) from error
        return prepared.get_statusmsg(), [tuple(row) for row in rows]

    def notices(self):
        return self.said

    def close(self):
        self.wait(self.connection.close())
        self.loop.close()


DRIVERS = (Psycopg2, Psycopg, PsycopgPreparedBinary, Pg8000, Asyncpg)


class DriverTests(server.ServerTestCase):
    def each(self, body):
        """Runs a body with every driver, each on a server of its own."""
        missing = []
        for kind in DRIVERS:
            try:
                module = importlib.import_module(kind.module)
            except ImportError:
                missing.append(kind.module)
                continue
            with self.subTest(driver=kind.__name__):
                running = self.start(kind.__name__)
                driver = kind(module, running.ports["postgres"])
                try:
                    body(driver)
                finally:
                    driver.close()
                self.assertEqual(running.stop(), 0)
        if missing:
            raise unittest.SkipTest("SKIP, not installed: " + ", ".join(sorted(set(missing))))

    def fill(self, driver):
        driver.run(TABLE)
        marks = ", ".join(driver.mark(number) for number in range(1, 5))
        for row in ROWS:
            driver.run(f"INSERT INTO t VALUES ({marks})", row)

    def names(self, driver):
        _, rows = driver.run("SELECT name FROM backups() ORDER BY started_at")
        return [row[0] for row in rows]

    def expect_tag(self, wanted, driver, statement):
        tag, rows = driver.run(statement)
        self.assertEqual(rows, [])
        self.assertIn(tag, (wanted, None))

    def test_rows_come_back_as_they_went(self):
        def body(driver):
            self.fill(driver)
            self.assertEqual(driver.run("SELECT * FROM t ORDER BY ts")[1], ROWS)
            where = f"SELECT s, n FROM t WHERE n = {driver.mark(1)}"
            self.assertEqual(driver.run(where, (2**62,))[1], [(None, 2**62)])

        self.each(body)

    def test_the_life_of_a_backup(self):
        def body(driver):
            self.fill(driver)
            self.expect_tag("BACKUP", driver, "BACKUP DATABASE")
            driver.run("DELETE FROM t WHERE n = 1")
            self.expect_tag("BACKUP", driver, "BACKUP DATABASE INCREMENTAL")
            if (said := driver.notices()) is not None:
                self.assertTrue(any("complete" in line for line in said), said)
            full, incremental = self.names(driver)
            driver.run(f"VERIFY BACKUP '{incremental}' DEEP")
            self.expect_tag("RESTORE", driver, f"RESTORE TABLE t FROM '{full}' AS was")
            self.assertEqual(driver.run("SELECT * FROM was ORDER BY ts")[1], ROWS)
            self.expect_tag(
                "RESTORE", driver, f"RESTORE TABLE t FROM '{incremental}' AS linked WITH (link = true)")
            self.assertEqual(driver.run("SELECT * FROM linked ORDER BY ts")[1], ROWS[1:])
            driver.run(f"DROP BACKUP '{full}'")
            self.assertEqual(self.names(driver), [incremental])

        self.each(body)

    def test_a_snapshot_and_its_end(self):
        def body(driver):
            self.fill(driver)
            self.expect_tag("SNAPSHOT", driver, "SNAPSHOT PREPARE")
            self.expect_tag("SNAPSHOT", driver, "SNAPSHOT COMPLETE")

        self.each(body)

    def test_what_fails_has_its_state_and_the_connection_goes_on(self):
        def body(driver):
            self.fill(driver)
            for statement, state in [
                ("RESTORE TABLE t FROM 'nowhere' AS was", "58P01"),
                ("VERIFY BACKUP 'nowhere'", "58P01"),
                ("BACKUP TABLE nothing", "42P01"),
                ("BACKUP DATABASE WITH (colour = 'red')", "22023"),
            ]:
                with self.assertRaises(Failure) as caught:
                    driver.run(statement)
                self.assertEqual(caught.exception.state, state, statement)
            self.assertEqual(driver.run("SELECT count(*) FROM t")[1], [(3,)])

        self.each(body)


if __name__ == "__main__":
    server.main()
