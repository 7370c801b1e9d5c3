"""Every type over the wire: parameters and results, in text and in binary, byte for byte."""

import json
import struct

from server import ServerTestCase, main
from wire import Connection, SQLError

EPOCH = 946_684_800_000_000


def array(oid, *elements):
    body = struct.pack("!iiIii", 1, int(None in elements), oid, len(elements), 1)
    for element in elements:
        body += struct.pack("!i", -1) if element is None else struct.pack("!i", 8) + element
    return body


def numeric(weight, sign, scale, *digits):
    return struct.pack(f"!HhHH{len(digits)}H", len(digits), weight, sign, scale, *digits)


# Type of the column, OID, typlen, text as written, text as read, bytes, JSON.
TYPES = [
    ("BOOLEAN", 16, 1, "true", "t", b"\1", True),
    ("BYTE", 21, 2, "-128", "-128", b"\xff\x80", -128),
    ("SHORT", 21, 2, "32767", "32767", b"\x7f\xff", 32767),
    ("CHAR", 1042, -1, "ü", "ü", "ü".encode(), "ü"),
    ("INT", 23, 4, "-2", "-2", struct.pack("!i", -2), -2),
    ("LONG", 20, 8, "-9223372036854775808", "-9223372036854775808", struct.pack("!q", -1 << 63),
     -1 << 63),
    ("FLOAT", 700, 4, "1.5", "1.5", struct.pack("!f", 1.5), 1.5),
    ("DOUBLE", 701, 8, "-0.1", "-0.1", struct.pack("!d", -0.1), -0.1),
    ("DATE", 1114, 8, "1970-01-01T00:00:00.001Z", "1970-01-01 00:00:00.001",
     struct.pack("!q", 1000 - EPOCH), "1970-01-01T00:00:00.001Z"),
    ("TIMESTAMP", 1114, 8, "1999-12-31 23:59:59.999999", "1999-12-31 23:59:59.999999",
     struct.pack("!q", -1), "1999-12-31T23:59:59.999999Z"),
    ("TIMESTAMP_NS", 1114, 8, "2000-01-01T00:00:00.000001Z", "2000-01-01 00:00:00.000001",
     struct.pack("!q", 1), "2000-01-01T00:00:00.000001000Z"),
    ("SYMBOL", 1043, -1, "a\\b", "a\\b", b"a\\b", "a\\b"),
    ("VARCHAR", 1043, -1, "", "", b"", ""),
    ("BINARY", 17, -1, "\\x00ff", "\\x00ff", b"\0\xff", None),
    ("UUID", 2950, 16, "FFFFFFFF-2222-3333-4444-555555555555",
     "ffffffff-2222-3333-4444-555555555555",
     bytes.fromhex("ffffffff222233334444555555555555"), "ffffffff-2222-3333-4444-555555555555"),
    ("IPv4", 1043, -1, "255.1.2.3", "255.1.2.3", b"255.1.2.3", "255.1.2.3"),
    ("LONG256", 1043, -1, "0xABC", "0x0abc", b"0x0abc", "0x0abc"),
    ("DECIMAL(10,2)", 1700, -1, "-1234.5", "-1234.50", numeric(0, 0x4000, 2, 1234, 5000),
     "-1234.50"),
    ("DECIMAL(38,38)", 1700, -1, "0.0001", "0.0001" + "0" * 34, numeric(-1, 0, 38, 1),
     "0.0001" + "0" * 34),
    ("GEOHASH(4c)", 1043, -1, "u33d", "u33d", b"u33d", "u33d"),
    ("GEOHASH(7b)", 1043, -1, "0110110", "0110110", b"0110110", "0110110"),
    ("DOUBLE[]", 1022, -1, "{1.5,NULL}", "{1.5,NULL}",
     array(701, struct.pack("!d", 1.5), None), [1.5, None]),
    ("LONG[]", 1016, -1, "{-1}", "{-1}", array(20, struct.pack("!q", -1)), [-1]),
]


class Extended(Connection):
    """Parse, Describe, Bind and Execute in one flight."""

    def run(self, sql, parameters=(), parameter_format=0, result_format=0, declared=()):
        count = struct.pack("!H", len(parameters))
        bound = struct.pack("!HH", 1, parameter_format) + count
        for value in parameters:
            bound += struct.pack("!i", -1) if value is None else struct.pack("!i", len(value)) + value
        self._send(b"P", b"\0" + sql.encode() + b"\0" + 
                   struct.pack(f"!H{len(declared)}I", len(declared), *declared))
        self._send(b"D", b"S\0")
        self._send(b"B", b"\0\0" + bound + struct.pack("!HH", 1, result_format))
        self._send(b"E", b"\0" + struct.pack("!i", 0))
        self._send(b"S", b"")
        self.parameters, self.columns, rows, failure = [], [], [], None
        while True:
            kind, body = self._message()
            if kind == b"t":
                self.parameters = list(struct.unpack(f"!{(len(body) - 2) // 4}I", body[2:]))
            elif kind == b"T":
                self.columns = self._described(body)
            elif kind == b"D":
                rows.append(self._cells(body))
            elif kind == b"E":
                fields = self._fields(body)
                failure = SQLError(fields["C"], fields["M"])
            elif kind == b"Z":
                if failure:
                    raise failure
                return rows

    @staticmethod
    def _described(body):
        columns, place = [], 2
        for _ in range(struct.unpack("!H", body[:2])[0]):
            place = body.index(b"\0", place) + 1
            columns.append(struct.unpack("!Ih", body[place + 6:place + 12]))
            place += 18
        return columns


class Types(ServerTestCase):
    def begun(self):
        self.server = self.start()
        return self.connect(self.server, Extended)

    def test_every_type_in_both_forms(self):
        connection = self.begun()
        for index, (name, oid, length, written, read, raw, _) in enumerate(TYPES):
            with self.subTest(name):
                connection.query(f"CREATE TABLE t{index} (id INT, v {name})")
                insert = f"INSERT INTO t{index} VALUES ("
                connection.run(insert + "1, $1)", [written.encode()])
                self.assertEqual(len(connection.parameters), 1)
                connection.run(insert + "2, $1)", [raw], parameter_format=1)
                connection.run(insert + "3, $1)", [None])
                select = f"SELECT v FROM t{index} ORDER BY id"

                texts = connection.run(select)
                self.assertEqual(connection.columns, [(oid, length)])
                bytes_ = connection.run(select, result_format=1)
                same = connection.run(f"SELECT id FROM t{index} WHERE v = $1 ORDER BY id",
                                      [raw], parameter_format=1)

                self.assertEqual(texts, [(read.encode(),)] * 2 + [(None,)])
                self.assertEqual(bytes_, [(raw,)] * 2 + [(None,)])
                self.assertEqual(same, [(b"1",), (b"2",)])

    def test_json_of_every_type(self):
        connection = self.begun()
        for name, _, _, written, _, _, value in TYPES:
            if value is None:
                continue
            with self.subTest(name):
                _, body = self.server.execute(
                    f"SELECT '{written}'::{name} AS v, NULL::{name} AS n")
                answer = json.loads(body)
                self.assertEqual(answer["dataset"], [[value, None]])
                shown = answer["columns"][0]
                if name.endswith("[]"):
                    self.assertEqual(
                        shown, {"name": "v", "type": "ARRAY", "dim": 1, "elemType": name[:-2]})
                else:
                    self.assertEqual(shown["type"], name)

    def test_hostile_bytes_are_refused_and_the_connection_lives(self):
        connection = self.begun()
        cases = [
            ("DECIMAL(10,2)", b"", "22P03"),
            ("DECIMAL(10,2)", numeric(0, 0xC000, 0), "22P03"),
            ("DECIMAL(10,2)", numeric(0, 0, 0, 10000), "22P03"),
            ("DECIMAL(10,2)", numeric(100, 0, 0, 1), "22003"),
            ("DOUBLE[]", struct.pack("!iiIii", 1, 0, 701, 1 << 30, 1), "22P03"),
            ("DOUBLE[]", struct.pack("!iiI", 99, 0, 701), "22P03"),
            ("DOUBLE[]", b"\0", "22P03"),
            ("LONG[]", array(701, struct.pack("!d", 1e300)), "22003"),
            ("IPv4", b"1.2.3.256", "22P02"),
            ("IPv4", b"\xff", "22021"),
            ("CHAR", b"ab", "22001"),
            ("UUID", b"123", "22P03"),
            ("TIMESTAMP_NS", struct.pack("!q", (1 << 63) - 1), "22008"),
            ("TIMESTAMP", struct.pack("!q", (1 << 63) - 1), "22008"),
            ("DATE", struct.pack("!q", -1 << 63), "22008"),
        ]
        for index, (name, raw, state) in enumerate(cases):
            with self.subTest(f"{name} {raw}"):
                connection.query(f"CREATE TABLE h{index} (v {name})")
                with self.assertRaises(SQLError) as refused:
                    connection.run(f"INSERT INTO h{index} VALUES ($1)", [raw], parameter_format=1)
                self.assertEqual(refused.exception.state, state)
                self.assertEqual(connection.value("SELECT 1"), "1")

    def test_declared_types_are_never_taken_for_the_columns(self):
        connection = self.begun()
        connection.query(
            "CREATE TABLE d (t TIMESTAMP, n TIMESTAMP_NS, m DATE, l LONG, a IPv4, v VARCHAR)")
        address = b"\x02\x20\x00\x04\x01\x02\x03\x04"
        understood = [
            ("t", 1082, struct.pack("!i", 7305), "2020-01-01 00:00:00"),
            ("m", 1082, struct.pack("!i", -1), "1999-12-31 00:00:00"),
            ("n", 1082, struct.pack("!i", 0), "2000-01-01 00:00:00"),
            ("v", 3802, b'\x01{"a": 1}', '{"a": 1}'),
            ("a", 869, address, "1.2.3.4"),
            ("v", 650, address[:1] + b"\x08\x01" + address[3:], "1.2.3.4/8"),
        ]
        for column, oid, raw, text in understood:
            with self.subTest(f"{oid} as {column}"):
                connection.run(f"INSERT INTO d({column}) VALUES ($1)", [raw], 1, declared=[oid])
                self.assertEqual(
                    connection.value(f"SELECT {column} FROM d WHERE {column} IS NOT NULL"), text)
                connection.query("TRUNCATE TABLE d")
        refused = [
            ("t", 1083, struct.pack("!q", 3_720_000_000), "0A000"),
            ("l", 1083, struct.pack("!q", 3_720_000_000), "0A000"),
            ("v", 790, struct.pack("!q", 1), "0A000"),
            ("l", 650, address, "22P02"),
            ("t", 1082, struct.pack("!i", (1 << 31) - 1), "22008"),
            ("n", 1082, struct.pack("!i", 1 << 20), "22003"),
            ("t", 1082, struct.pack("!q", 1), "22P03"),
            ("a", 869, b"\x03" + address[1:], "22P03"),
            ("v", 3802, b"\x02{}", "22P03"),
        ]
        for column, oid, raw, state in refused:
            with self.subTest(f"{oid} as {column} {raw}"):
                with self.assertRaises(SQLError) as error:
                    connection.run(
                        f"INSERT INTO d({column}) VALUES ($1)", [raw], 1, declared=[oid])
                self.assertEqual(error.exception.state, state)
        self.assertEqual(connection.value("SELECT count(*) FROM d"), "0")

    def test_a_declared_numeric_keeps_its_digits(self):
        connection = self.begun()
        connection.query("CREATE TABLE e (a DECIMAL(38,30), b DECIMAL(38,0), c DECIMAL(38,10))")
        exact = "1.234567890123456789012345678901"
        # Base-10000 groups of the three numbers, with weight and digits behind the point.
        cases = [
            ("a", exact, numeric(0, 0, 30, 1, 2345, 6789, 123, 4567, 8901, 2345, 6789, 100),
             exact.ljust(32, "0")),
            ("b", "12345678901234567890123456789012345678", numeric(
                9, 0, 0, 12, 3456, 7890, 1234, 5678, 9012, 3456, 7890, 1234, 5678), None),
            ("c", "9999999999999999999999999999.9999999999",
             numeric(6, 0, 10, *[9999] * 9, 9900), None),
        ]
        for column, text, raw, stored in cases:
            for form, value in ((0, text.encode()), (1, raw)):
                for declared in ((1700,), ()):
                    with self.subTest(f"{column} {form} {declared}"):
                        connection.run(
                            f"INSERT INTO e({column}) VALUES ($1)", [value], form,
                            declared=declared)
                        self.assertEqual(
                            connection.run(f"SELECT {column} FROM e WHERE {column} = $1", [value],
                                           form, declared=declared),
                            [((stored or text).encode(),)])
                        connection.run(f"UPDATE e SET {column} = $1", [value], form,
                                       declared=declared)
                        self.assertEqual(
                            connection.query(f"SELECT {column} FROM e"), [(stored or text,)])
                        connection.query("TRUNCATE TABLE e")
            self.assertEqual(
                connection.run("SELECT $1", [text.encode()], declared=[1700]), [(text.encode(),)])
        # What is near is not the same, however many digits the column has.
        connection.query("CREATE TABLE near (d DECIMAL(10,2), i INT)")
        connection.query("INSERT INTO near VALUES (1, 1)")
        for declared in ((1700,), ()):
            self.assertEqual(connection.run(
                "SELECT d FROM near WHERE d = $1", [b"1.00000000000000000000001"],
                declared=declared), [])
            connection.run("INSERT INTO near VALUES ($1, $2)", [b"2.005", b"3"],
                           declared=[1700, 1700])
            self.assertEqual(connection.run(
                "SELECT d, i FROM near WHERE d > $1", [b"2"], declared=declared),
                [(b"2.01", b"3")])
            connection.query("DELETE FROM near WHERE d > 2")
        with self.assertRaises(SQLError) as refused:
            connection.run("INSERT INTO near(d) VALUES ($1)", [b"123456789"], declared=[1700])
        self.assertEqual(refused.exception.state, "22003")

    def test_a_null_byte_is_no_text(self):
        connection = self.begun()
        connection.query("CREATE TABLE z (v VARCHAR, s SYMBOL)")
        for form in (0, 1):
            for column in "vs":
                with self.assertRaises(SQLError) as refused:
                    connection.run(f"INSERT INTO z({column}) VALUES ($1)", [b"a\0b"], form)
                self.assertEqual(refused.exception.state, "22021")
                self.assertIn("0x00", refused.exception.message)
        self.assertEqual(connection.value("SELECT count(*) FROM z"), "0")

    def test_more_columns_than_a_result_may_have_are_refused(self):
        connection = self.begun()
        for count in (12_289, 65_536, 100_000):
            with self.assertRaises(SQLError) as refused:
                connection.query("SELECT " + ",".join(["7"] * count))
            self.assertEqual(refused.exception.state, "54011")
        rows = connection.query("SELECT " + ",".join(["7"] * 12_288))
        self.assertEqual(rows, [("7",) * 12_288])

    def test_a_moment_that_the_binary_form_cannot_tell_is_an_error(self):
        connection = self.begun()
        select = "SELECT ('290300-01-01 00:00:00 BC')::TIMESTAMP"

        self.assertEqual(connection.run(select), [(b"290300-01-01 00:00:00 BC",)])
        with self.assertRaises(SQLError) as error:
            connection.run(select, result_format=1)

        self.assertEqual(error.exception.state, "22008")
        self.assertEqual(connection.value("SELECT 1"), "1")

    def test_the_text_of_nanoseconds_has_six_digits_as_the_type_has(self):
        connection = self.begun()
        moment = "'2026-01-01T00:00:00.123456789Z'::TIMESTAMP_NS"

        self.assertEqual(connection.value(f"SELECT {moment}"), "2026-01-01 00:00:00.123456")
        self.assertEqual(
            connection.value(f"SELECT ({moment})::varchar"), "2026-01-01 00:00:00.123456789")

    def test_any_takes_an_array_as_drivers_send_it(self):
        connection = self.begun()
        connection.query("CREATE TABLE a (id LONG)")
        connection.query("INSERT INTO a VALUES (1), (2), (3)")

        rows = connection.run(
            "SELECT id FROM a WHERE id = ANY ($1) ORDER BY id",
            [array(20, struct.pack("!q", 3), struct.pack("!q", 1), None)], parameter_format=1)

        self.assertEqual(connection.parameters, [1016])
        self.assertEqual(rows, [(b"1",), (b"3",)])


if __name__ == "__main__":
    main()
