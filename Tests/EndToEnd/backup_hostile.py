"""Backups that somebody has tampered with: names, paths, links, formats and damage, at every reader:
a start on them, RESTORE, VERIFY, an incremental of them, and the commands without a server."""

import hashlib
import json
import os
import shutil

import server
from contents import (
    contents, contents_of, difference, names_in, wait_copying, wait_ended)
from server import START_SECONDS
from wire import SQLError

CREATE = "CREATE TABLE t (ts TIMESTAMP, n INT) TIMESTAMP(ts) PARTITION BY DAY"
ROWS = "INSERT INTO t VALUES ('2026-01-01', 1), ('2026-01-02', 2)"
STATEMENTS = (
    "VERIFY BACKUP 'hurt' QUICK", "VERIFY BACKUP 'hurt'", "VERIFY BACKUP 'hurt' DEEP",
    "EXPLAIN RESTORE TABLE t FROM 'hurt' AS t2", "RESTORE TABLE t FROM 'hurt' AS t2",
    "RESTORE TABLE t FROM 'hurt' FULL WITH (link = true)", "RESTORE DATABASE FROM 'hurt' FULL",
    "RESTORE DATABASE FROM 'hurt' INCREMENTAL")


def crc32c(data):
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


def resign(backup, change):
    """Changes what `_backup.json` says and makes its checksum right again."""
    path = backup / "_backup.json"
    told = json.loads(path.read_bytes())
    del told["checksum"]
    change(told)
    text = json.dumps(told, separators=(",", ":"), ensure_ascii=False)[:-1] + ","
    path.write_text(f'{text}"checksum":"{hashlib.sha256(text.encode()).hexdigest()}"}}\n')


def segment_of(backup):
    return next((backup / "db").glob("t~*/2026-01-01/*.seg"))


def table_of(backup):
    return next((backup / "db").glob("t~*"))


def file_path(text):
    return lambda backup: resign(backup, lambda told: told["files"][-1].update(path=text))


def directory(text):
    return lambda backup: resign(backup, lambda told: told["tables"][0].update(directory=text))


def twice(backup):
    resign(backup, lambda told: told["files"].append(dict(told["files"][0])))


def linked(find):
    """Moves something of the backup outside, and puts a link to it in its place."""
    def harm(backup):
        victim = find(backup)
        target = backup.parent.parent.parent / "outside" / "moved"
        shutil.rmtree(target, ignore_errors=True)
        target.unlink(missing_ok=True)
        os.rename(victim, target)
        victim.symlink_to(target)
    return harm


def strange_partition(backup):
    """A table's manifest, with every checksum right, whose partition lies elsewhere."""
    path = next(table_of(backup).glob("_manifest.*"))
    path.chmod(0o600)
    data = path.read_bytes()[:-4].replace(b"2026-01-01", b"../../../x")
    path.write_bytes(data + crc32c(data).to_bytes(4, "little"))
    name = str(path.relative_to(backup))

    def change(told):
        for file in told["files"]:
            if file["path"] == name:
                file["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    resign(backup, change)


def planted_manifest(backup):
    path = next(table_of(backup).glob("_manifest.*"))
    shutil.copy(path, path.with_name("_manifest.99999"))


class HostileTests(server.ServerTestCase):
    def begun(self):
        running = self.start().follow()
        connection = self.connect(running)
        connection.query(CREATE)
        connection.query(ROWS)
        connection.query("CREATE TABLE u (n LONG)")
        connection.query("INSERT INTO u VALUES (7)")
        connection.query("BACKUP DATABASE AS 'sound'")
        self.backups = self.folder / "root" / "backup"
        self.hurt = self.backups / "hurt"
        self.outside = self.folder / "outside"
        self.outside.mkdir()
        (self.outside / "canary").write_text("alive")
        return running, connection

    def renew(self, harm):
        if self.hurt.is_symlink():
            self.hurt.unlink()
        shutil.rmtree(self.hurt, ignore_errors=True)
        shutil.copytree(self.backups / "sound", self.hurt)
        harm(self.hurt)

    def state_outside(self):
        """Everything outside, with bytes and the number of names each file has."""
        return {
            str(path): (path.stat().st_nlink, path.read_bytes())
            for path in sorted(self.outside.rglob("*"))
            if path.is_file() and path.name != "_lock"}

    def offline(self, *arguments):
        return server.basalt(
            "backup", *arguments, cwd=self.folder,
            environment={"BASALT_ROOT": str(self.folder / "root")})

    def refuses_start(self, code, *words, ways=((), ("--read-only",))):
        for arguments in ways:
            one = self.begin(self.hurt, *arguments)
            self.assertEqual(one.process.wait(timeout=START_SECONDS), code, arguments)
            one.drain()
            for word in words:
                self.assertIn(word, "\n".join(one.log))
        self.assertFalse((self.hurt / "db" / "_wal").exists())

    def refused(self, connection, states=("XX001",), statements=STATEMENTS, *words):
        for statement in statements:
            with self.assertRaises(SQLError, msg=statement) as caught:
                connection.query(statement)
            self.assertIn(caught.exception.state, states, f"{statement}: {caught.exception}")
            for word in words:
                self.assertIn(word, caught.exception.message, statement)

    def refused_everywhere(self, connection, before, states=("XX001",), starts=5):
        """Every reader names the state, and nothing changes, here or outside."""
        outside = self.state_outside()
        self.refused(connection, states)
        self.incremental(connection, before)
        for arguments in (("verify", "hurt"), ("verify", "hurt", "--quick"),
                          ("restore", "-d", "fresh", str(self.hurt))):
            done = self.offline(*arguments)
            self.assertNotEqual(done.returncode, 0, arguments)
            self.assertTrue(any(state in done.stderr for state in states), done.stderr)
        if starts:
            self.refuses_start(starts)
        self.assertEqual(difference(contents(connection), before), "")
        self.assertEqual(self.state_outside(), outside)

    def incremental(self, connection, before):
        """Whatever the parent is: what is made of it is whole, or is not made."""
        try:
            connection.query("BACKUP DATABASE INCREMENTAL FROM 'hurt' AS 'child'")
        except SQLError as error:
            self.assertIn(error.state, ("XX001", "58P01", "22023", "42501"), error)
            return
        connection.query("VERIFY BACKUP 'child' DEEP")
        self.assertEqual(
            difference(contents_of(self.backups / "child", "--read-only"), before), "")
        connection.query("DROP BACKUP 'child'")

    # --- names and paths

    def test_paths_that_lead_elsewhere(self):
        running, connection = self.begun()
        before = contents(connection)
        for harm in (file_path("../../../outside/canary"), file_path(f"{self.outside}/canary"),
                     file_path("db/../../../outside/canary"), file_path("db//_database"),
                     file_path("db/" + "x" * 256), file_path("d/" * 2100 + "x"),
                     directory("../../../outside"), directory(""), twice,
                     planted_manifest):
            self.renew(harm)
            self.refused_everywhere(connection, before)
        # Every checksum is right, and what they are of makes no sense.
        self.renew(strange_partition)
        self.refused(connection, ("XX001",), STATEMENTS)
        self.refuses_start(5, ways=[()])
        one = self.connect(self.start(self.hurt, "--read-only").follow())
        self.refused(one, ("XX001",), ("SELECT * FROM t",), "strange characters")
        self.assertEqual(one.value("SELECT n FROM u"), "7")
        # Nor does it help to tell other numbers than the table does.
        for change in ({"rows": 1}, {"partitions": 9}, {"max_timestamp": 1}, {"name": "v"}):
            self.renew(lambda backup: resign(
                backup, lambda told: told["tables"][0].update(change)))
            self.refused(connection, ("XX001",), STATEMENTS[:3])
        # An id names a file beside the backups.
        for name in ("../../../outside/id", "x" * 300, "", "."):
            self.renew(lambda backup: resign(backup, lambda told: told.update(id=name)))
            connection.query("VERIFY BACKUP 'hurt'")
            connection.query("SELECT * FROM backups()")
            connection.query("DROP BACKUP 'hurt'")
        self.assertEqual([path.name for path in self.outside.iterdir()], ["canary"])

    def test_links_in_the_place_of_files_and_directories(self):
        running, connection = self.begun()
        before = contents(connection)
        for find in (lambda backup: backup / "db", table_of,
                     lambda backup: table_of(backup) / "2026-01-01", segment_of,
                     lambda backup: backup / "db" / "_database",
                     lambda backup: next(table_of(backup).glob("_manifest.*"))):
            self.renew(linked(find))
            self.refused_everywhere(connection, before)

        # Settings are no part of a table, and of a start only its owner's business.
        self.renew(linked(lambda backup: backup / "conf" / "server.conf"))
        self.refused(connection, ("XX001",), [
            statement for statement in STATEMENTS if "TABLE" not in statement])
        self.renew(linked(lambda backup: backup / "_backup.json"))
        self.refused(connection, ("58P01",))
        self.refuses_start(1, "symbolic links are not followed")

    def test_a_link_in_the_place_of_a_backup(self):
        running, connection = self.begun()
        before = contents(connection)
        shutil.copytree(self.backups / "sound", self.outside / "theirs")
        self.hurt.symlink_to(self.outside / "theirs")
        state = self.state_outside()

        self.refused(connection, ("42501",), (*STATEMENTS, "DROP BACKUP 'hurt'",
                     "BACKUP DATABASE INCREMENTAL FROM 'hurt' AS 'child'",
                     "SELECT * FROM backup_tables('hurt')"), "symbolic link")
        names = connection.query("SELECT name FROM backups() WHERE status = 'complete'")
        self.assertEqual(names, [("sound",)])
        self.assertEqual(self.offline("drop", "hurt").returncode, 1)
        self.assertEqual(self.state_outside(), state)
        self.assertEqual(difference(contents(connection), before), "")

    def test_an_adopted_backup_with_links(self):
        running, connection = self.begun()
        before = contents(connection)
        self.renew(lambda backup: None)
        adopter = self.start(self.hurt).follow()
        other = self.connect(adopter)
        other.query("INSERT INTO t VALUES ('2026-01-03', 3)")
        adopter.stop()
        adopted = dict(connection.query("SELECT name, adopted FROM backups()"))
        self.assertEqual(adopted, {"sound": "f", "hurt": "t"})
        self.refused(connection, ("55000",), (
            "VERIFY BACKUP 'hurt'", "DROP BACKUP 'hurt'",
            "BACKUP DATABASE INCREMENTAL FROM 'hurt' AS 'child'"), "adopted")
        connection.query("RESTORE TABLE t FROM 'hurt' AS t2")
        self.assertEqual(connection.value("SELECT count(*) FROM t2"), "3")
        connection.query("DROP TABLE t2")

        linked(table_of)(self.hurt)
        state = self.state_outside()
        self.refused(connection, ("XX001",), (
            "RESTORE TABLE t FROM 'hurt' AS t2", "RESTORE DATABASE FROM 'hurt' FULL",
            "RESTORE DATABASE FROM 'hurt' FULL WITH (link = true)"))
        # A server on it tells so of this table, serves the others and removes nothing outside.
        adopter = self.start(self.hurt).follow()
        other = self.connect(adopter)
        self.refused(other, ("XX001",), ("SELECT * FROM t",))
        self.assertEqual(other.value("SELECT n FROM u"), "7")
        adopter.stop()
        self.assertEqual(self.state_outside(), state)
        self.assertEqual(difference(contents(connection), before), "")

    def test_a_copied_root_with_links(self):
        """`_restore` removes what is not of the cut: never behind a link."""
        running, connection = self.begun()
        connection.query("SNAPSHOT PREPARE")
        for find in (table_of, lambda root: table_of(root) / "2026-01-01",
                     lambda root: root / "db"):
            copy = self.folder / "copies" / "of" / "root"
            shutil.rmtree(copy, ignore_errors=True)
            copy.mkdir(parents=True)
            for part in ("db", "conf", "snapshot"):
                shutil.copytree(self.folder / "root" / part, copy / part)
            victim = find(copy)
            target = self.outside / "moved"
            shutil.rmtree(target, ignore_errors=True)
            os.rename(victim, target)
            (target / "_manifest.77777").write_text("theirs")
            (target / "theirs.seg").write_text("theirs")
            victim.symlink_to(target)
            (copy / "_restore").touch()
            state = self.state_outside()
            one = self.begin(copy)
            self.assertEqual(one.process.wait(timeout=START_SECONDS), 5)
            one.drain()
            self.assertIn(f'the directory "{victim}"', "\n".join(one.log))
            self.assertEqual(self.state_outside(), state)
            # A later table that is a link goes without what it leads to.
        copy = self.folder / "last"
        copy.mkdir()
        for part in ("db", "conf", "snapshot"):
            shutil.copytree(self.folder / "root" / part, copy / part)
        (copy / "db" / "x~99").symlink_to(self.outside)
        (copy / "_restore").touch()
        state = self.state_outside()
        restored = self.start(copy).follow()
        self.assertEqual(self.connect(restored).value("SELECT count(*) FROM t"), "2")
        self.assertFalse((copy / "db" / "x~99").is_symlink())
        self.assertEqual(self.state_outside(), state)

    # --- formats and damage, word by word

    def test_a_newer_format_names_both_versions(self):
        running, connection = self.begun()
        before = contents(connection)
        self.renew(lambda backup: resign(backup, lambda told: told.update(format=7)))
        self.refused(connection, ("0A000",), STATEMENTS, "format 7", "up to 1")
        for arguments in (("verify", "hurt"), ("inspect", "hurt"),
                          ("restore", "-d", "fresh", str(self.hurt))):
            done = self.offline(*arguments)
            self.assertEqual(done.returncode, 1, arguments)
            self.assertIn("format 7, this server reads up to 1", done.stderr)
            self.assertIn("0A000", done.stderr)
        self.refuses_start(1, "format 7, this server reads up to 1", "0A000")
        row = dict(zip(("status", "error"), connection.query(
            "SELECT status, error FROM backups() WHERE name = 'hurt'")[0]))
        self.assertEqual(row["status"], "failed")
        self.assertIn("format 7", row["error"])
        self.assertEqual(difference(contents(connection), before), "")

    def test_a_newer_format_of_a_file_inside(self):
        """The checksums of `_backup.json` are right: only the file itself is from the future."""
        running, connection = self.begun()
        before = contents(connection)
        for place, version in (("_database", 8), ("_manifest.*", 9)):
            def harm(backup):
                parent = backup / "db" if place == "_database" else table_of(backup)
                path = next(parent.glob(place))
                path.chmod(0o600)
                data = path.read_bytes()[:-4]
                data = data[:8] + version.to_bytes(4, "little") + data[12:]
                path.write_bytes(data + crc32c(data).to_bytes(4, "little"))
                name = str(path.relative_to(backup))
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                resign(backup, lambda told: [
                    file.update(sha256=digest) for file in told["files"] if file["path"] == name])
            self.renew(harm)
            self.refused(connection, ("0A000",), [
                statement for statement in STATEMENTS if "RESTORE" in statement],
                f"format {version}")
            done = self.offline("restore", "-d", "fresh", str(self.hurt))
            self.assertEqual((done.returncode, "0A000" in done.stderr), (1, True), done.stderr)
            self.refuses_start(1, "0A000", f"format {version}")
        self.assertEqual(difference(contents(connection), before), "")

    def test_damage_names_file_block_expected_and_found(self):
        running, connection = self.begun()
        before = contents(connection)

        def harm(backup):
            path = segment_of(backup)
            path.chmod(0o600)
            data = bytearray(path.read_bytes())
            data[70] ^= 1
            path.write_bytes(data)
        self.renew(harm)
        path = segment_of(self.hurt)
        wanted = hashlib.sha256(
            segment_of(self.backups / "sound").read_bytes()).hexdigest()
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        words = (str(path), f"expected SHA-256 {wanted}", f"found {found}")
        self.refused(connection, ("XX001",), STATEMENTS[1:3], *words)
        for statement in (STATEMENTS[4],
                          "RESTORE TABLE t FROM 'hurt' AS t2 PARTITION LIST '2026-01-01'"):
            done = running.psql(statement, check=False)
            self.assertRegex(done.stderr, "DETAIL:  Inside: .*block")
            for word in ("XX001", *words):
                self.assertIn(word, done.stderr)
        for arguments in (("verify", "hurt"), ("verify", "hurt", "--deep"),
                          ("restore", "-d", "fresh", str(self.hurt))):
            done = self.offline(*arguments)
            self.assertEqual(done.returncode, 5, done.stderr)
            for word in ("XX001", *words):
                self.assertIn(word, done.stderr)
        self.assertEqual(difference(contents(connection), before), "")
        self.assertFalse(list((self.folder / "fresh" / "db").glob("t~*")))
        # A server on it answers everything else, and of the block with its name.
        one = self.start(self.hurt, "--read-only").follow()
        other = self.connect(one)
        self.refused(other, ("XX001",), ("SELECT * FROM t",), str(path), "block")
        self.assertEqual(other.value("SELECT n FROM u"), "7")

    def test_nothing_is_linked_to_what_was_found_damaged(self):
        running, connection = self.begun()
        connection.query("INSERT INTO t VALUES ('2026-01-03', 3)")
        connection.query("BACKUP DATABASE INCREMENTAL AS 'i1'")
        path = segment_of(self.backups / "i1")
        path.chmod(0o600)
        with open(path, "r+b") as file:
            file.seek(300)
            byte = file.read(1)[0]
            file.seek(300)
            file.write(bytes([byte ^ 1]))
        with self.assertRaises(SQLError) as raised:
            connection.query("VERIFY BACKUP 'i1' DEEP")
        self.assertEqual(raised.exception.state, "XX001")
        # The file has another name in the first one.
        for name in ("sound", "i1"):
            status, error = connection.query(
                f"SELECT status, error FROM backups() WHERE name = '{name}'")[0]
            self.assertEqual(status, "failed")
            self.assertIn(str(path), error)
        connection.query("INSERT INTO t VALUES ('2026-01-04', 4)")
        for name, source in (("i2", ""), ("i3", "FROM 'i1'")):
            connection.notices.clear()
            connection.query(f"BACKUP DATABASE INCREMENTAL {source} AS '{name}'")
            self.assertIn("'i1' was found damaged", " ".join(connection.notices))
            connection.query(f"VERIFY BACKUP '{name}' DEEP")
            self.assertEqual(connection.value(
                f"SELECT kind FROM backups() WHERE name = '{name}'"), "full")
        connection.query("BACKUP DATABASE INCREMENTAL AS 'i4'")
        self.assertEqual(connection.value(
            "SELECT parent FROM backups() WHERE name = 'i4'"), "i3")
        # Found without a server: this server knows.
        path = segment_of(self.backups / "i3")
        path.chmod(0o600)
        path.write_bytes(path.read_bytes()[:-1] + b"?")
        self.assertEqual(self.offline("verify", "i3").returncode, 5)
        connection.query("BACKUP DATABASE INCREMENTAL AS 'i5'")
        self.assertEqual(connection.value(
            "SELECT parent FROM backups() WHERE name = 'i5'"), "i2")
        connection.query("VERIFY BACKUP 'i5' DEEP")

    def test_a_start_says_how_to_go_on_with_what_is_left(self):
        running, connection = self.begun()
        for harm, word in ((lambda backup: segment_of(backup).unlink(), "file is missing"),
                           (planted_manifest, "unexpected file")):
            self.renew(harm)
            self.refuses_start(5, word, f'remove "{self.hurt}/_backup.json"')
        planted = table_of(self.hurt) / "_manifest.99999"
        planted.unlink()
        (self.hurt / "_backup.json").unlink()
        one = self.start(self.hurt).follow()
        self.assertEqual(self.connect(one).value("SELECT n FROM u"), "7")

    # --- names in statements

    def test_tables_with_schemas_and_dots(self):
        running, connection = self.begun()
        connection.query('CREATE SCHEMA "My.Schema"')
        connection.query('CREATE TABLE "My.Schema"."a.b" (ts TIMESTAMP, n INT) TIMESTAMP(ts)'
                         ' PARTITION BY DAY')
        connection.query("""INSERT INTO "My.Schema"."a.b" VALUES ('2026-01-01', 1)""")
        connection.query("CREATE SCHEMA s")
        connection.query("CREATE TABLE s.t (n INT)")
        connection.query("INSERT INTO s.t VALUES (2)")
        before = contents(connection)
        told = running.psql(
            """BACKUP TABLE "My.Schema"."a.b" AS 'dots'""", "BACKUP TABLE s.t, t AS 'two'",
            """RESTORE TABLE "My.Schema"."a.b" FROM 'dots' FULL""", "DROP TABLE s.t",
            "RESTORE TABLE s.t FROM 'two'", """RESTORE TABLE t FROM 'two' AS s.t3""",
            "SELECT count(*) FROM s.t3", "DROP TABLE s.t3",
            """RESTORE TABLE "My.Schema"."a.b" FROM 'dots' AS "a.b" """,
            'SELECT n FROM "a.b"', 'DROP TABLE "a.b"').stdout.splitlines()
        self.assertEqual(told[:3], ["BACKUP", "BACKUP", "RESTORE"])
        self.assertEqual([line for line in told if line.isdigit()], ["2", "1"])
        self.assertEqual(difference(contents(connection), before), "")
        for name in ("dots", "two"):
            running.psql(f"VERIFY BACKUP '{name}' DEEP")
        # The unquoted and folded names, and the one that is not there.
        running.psql("BACKUP TABLE S.T AS 'folded'")
        done = running.psql("RESTORE TABLE s.nope FROM 'two'", check=False)
        self.assertIn("42P01", done.stderr)

    def test_settings_behind_links_are_taken_along(self):
        conf = self.folder / "root" / "conf"
        mounted = conf / "..data"
        mounted.mkdir(parents=True)
        (mounted / "server.conf").write_text("pg.readonly.user.enabled=true\n")
        (conf / "server.conf").symlink_to("..data/server.conf")
        running = self.start().follow()
        running.psql("BACKUP DATABASE AS 'one'", "VERIFY BACKUP 'one'")
        copied = self.folder / "root" / "backup" / "one" / "conf"
        self.assertEqual(
            (copied / "server.conf").read_text(), "pg.readonly.user.enabled=true\n")
        self.assertFalse((copied / "server.conf").is_symlink())
        self.assertEqual(running.psql("SELECT 1", user="user").stdout, "1\n")

    # --- the destination goes

    def begun_below(self, place):
        """A server whose backups go to a place, with rows that take a while to back up."""
        running = self.start(environment={"BASALT_CAIRO_SQL_BACKUP_ROOT": str(place)}).follow()
        connection = self.connect(running)
        connection.query(CREATE)
        connection.query(
            "INSERT INTO t SELECT CAST(1767225600000000 + x * 20000000 AS TIMESTAMP), x"
            " FROM long_sequence(20000)")
        return running, connection

    def test_a_destination_that_goes_away_says_so(self):
        place = self.folder / "above" / "place"
        running, connection = self.begun_below(place)
        before = contents(connection)
        for number, gone in enumerate((place, place.parent)):
            connection.query(f"BACKUP DATABASE AS 'gone{number}' ASYNC WITH (rate = '40kB')")
            wait_copying(connection, f"gone{number}")
            while gone.exists():
                shutil.rmtree(gone, ignore_errors=True)
            row = wait_ended(connection, f"gone{number}")
            self.assertEqual(row["status"], "failed")
            self.assertIn(str(place), row["error"])
            self.assertFalse(place.exists())
            # It goes on, and the next one makes the directory again.
            connection.query("INSERT INTO t VALUES ('2026-03-03', 0)")
            connection.query(f"BACKUP DATABASE AS 'next{number}'")
            connection.query(f"VERIFY BACKUP 'next{number}' DEEP")
            self.assertEqual(names_in(place), [f"next{number}"])
        self.assertEqual(len(contents(connection)["public", "t"][1]),
                         len(before["public", "t"][1]) + 2)

    def test_the_client_of_a_lost_destination_is_told_what_and_what_to_do(self):
        place = self.folder / "above" / "place"
        running, connection = self.begun_below(place)
        client = running.begin_psql("BACKUP DATABASE AS 'gone' WITH (rate = '40kB')")
        wait_copying(connection, "gone")
        # The server removes what it made at the same time.
        while place.parent.exists():
            shutil.rmtree(place.parent, ignore_errors=True)
        _, told = client.communicate(timeout=120)
        self.assertRegex(
            told, "ERROR:  58030: backup was removed while it was being made.*" + str(place))
        self.assertIn("DETAIL:  Nothing was published.", told)
        self.assertIn("HINT:", told)

    # --- what is kept of who reads

    def test_no_file_stays_for_each_backup_that_was_read(self):
        running, connection = self.begun()
        reading = self.backups / ".reading"
        for number in range(4):
            connection.query(f"BACKUP DATABASE AS 'b{number}'")
            connection.query(f"VERIFY BACKUP 'b{number}'")
            connection.query(f"RESTORE TABLE t FROM 'b{number}' AS t{number}")
            connection.query(f"DROP TABLE t{number}")
            shutil.rmtree(self.backups / f"b{number}")
        connection.query("BACKUP DATABASE AS 'last'")
        self.assertEqual(list(reading.iterdir()), [])

    def test_a_verification_without_a_server_is_told_by_the_server(self):
        running, connection = self.begun()
        last = "SELECT last_verified FROM backups() WHERE name = 'sound'"
        self.assertIsNone(connection.value(last))
        done = self.offline("verify", "sound")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIsNotNone(connection.value(last))


if __name__ == "__main__":
    server.main()
