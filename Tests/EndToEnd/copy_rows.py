"""COPY over the wire with psql: in and out in every format, errors, files of the server."""

import shutil
import subprocess

from server import ServerTestCase, main

CREATE = (
    "CREATE TABLE t (ts TIMESTAMP, s SYMBOL, price DOUBLE, n LONG) TIMESTAMP(ts) PARTITION BY DAY")


class CopyRows(ServerTestCase):
    def setUp(self):
        super().setUp()
        self.server = self.start()
        self.server.psql(CREATE)

    def file(self, rows, name="rows.csv"):
        path = self.folder / name
        with open(path, "w") as out:
            out.write("ts,s,price,n\n")
            for row in range(rows):
                minute, second = divmod(row, 60)
                hour, minute = divmod(minute, 60)
                day, hour = divmod(hour, 24)
                out.write(
                    f"2026-01-{day + 1:02}T{hour:02}:{minute:02}:{second:02}.000001Z,"
                    f"S{row % 50},{row % 1000 / 8},{row}\n")
        return path

    def test_a_file_of_the_client_comes_in_and_goes_out(self):
        path = self.file(300_000)
        done = self.server.psql(f"\\copy t FROM '{path}' WITH (FORMAT csv, HEADER)")
        self.assertIn("COPY 300000", done.stdout)
        self.assertEqual(
            self.server.rows("SELECT count(*), sum(n), max(price) FROM t"),
            ["300000|44999850000|124.875"])
        for form in ("csv", "text", "binary"):
            out = self.folder / f"out.{form}"
            self.server.psql(f"\\copy t TO '{out}' WITH (FORMAT {form})")
            self.server.psql(
                "CREATE TABLE u (ts TIMESTAMP, s SYMBOL, price DOUBLE, n LONG) TIMESTAMP(ts)",
                f"\\copy u FROM '{out}' WITH (FORMAT {form})")
            self.assertEqual(
                self.server.rows("SELECT count(*), sum(n), max(price), min(s) FROM u"),
                ["300000|44999850000|124.875|S0"])
            self.server.psql("DROP TABLE u")

    def test_an_error_in_the_middle_leaves_nothing_and_the_connection_lives(self):
        path = self.file(200_000)
        with open(path, "a") as out:
            out.write("2026-01-01,S1,expensive,1\n")
        done = self.server.psql(
            f"\\copy t FROM '{path}' WITH (FORMAT csv, HEADER)", "SELECT 41 + 1", check=False)
        self.assertIn("22P02", done.stderr)
        self.assertIn("Line 200002, column price", done.stderr)
        self.assertEqual(self.server.rows("SELECT count(*) FROM t"), ["0"])

    def test_a_killed_client_leaves_nothing(self):
        client = self.server.begin_psql(
            "COPY t FROM STDIN (FORMAT csv)", text=False, stdin=subprocess.PIPE)
        client.stdin.write(b"2026-01-01,a,1,1\n" * 200_000)
        client.stdin.flush()
        client.kill()
        client.communicate()
        self.assertEqual(self.server.rows("SELECT count(*) FROM t"), ["0"])

    def test_a_file_of_the_server_is_read_below_import_only(self):
        path = self.file(1_000)
        folder = self.folder / "root" / "import"
        folder.mkdir(exist_ok=True)
        shutil.copy(path, folder / "rows.csv")
        done = self.server.psql("COPY t FROM 'rows.csv' WITH (FORMAT csv, HEADER)")
        self.assertIn("COPY 1000", done.stdout)
        done = self.server.psql(f"COPY t FROM '{path}' WITH (FORMAT csv)", check=False)
        self.assertIn("42501", done.stderr)

    def test_a_block_takes_many_rows_and_gives_them_back(self):
        path = self.file(250_000)
        self.server.psql(
            "BEGIN", f"\\copy t FROM '{path}' WITH (FORMAT csv, HEADER)", "ROLLBACK")
        self.assertEqual(self.server.rows("SELECT count(*) FROM t"), ["0"])


if __name__ == "__main__":
    main()
