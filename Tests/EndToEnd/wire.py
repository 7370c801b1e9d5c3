"""A client of PostgreSQL's protocol, just big enough for tests: log-in by SCRAM, simple queries."""

import base64
import hashlib
import hmac
import os
import socket
import struct


class SQLError(Exception):
    def __init__(self, state, message):
        super().__init__(f"{state}: {message}")
        self.state = state
        self.message = message


class Lost(Exception):
    """The connection ended: what was under way may have happened or not."""


class Connection:
    def __init__(self, port, user="admin", password="quest", database="qdb", timeout=60):
        self.rest = b""
        self.status = b"I"
        self.tag = ""
        self.notices = []
        self.parameters = {}
        try:
            self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
            body = struct.pack("!I", 196608) + b"".join(
                part.encode() + b"\0" for part in ("user", user, "database", database)) + b"\0"
            self.socket.sendall(struct.pack("!I", len(body) + 4) + body)
        except OSError as error:
            raise Lost(str(error)) from error
        self._log_in(password)

    def query(self, sql):
        """Runs statements; returns the rows of the last one, as tuples of text and None."""
        text = sql.encode() + b"\0"
        self._send(b"Q", text)
        return self._result()

    def value(self, sql):
        return self.query(sql)[0][0]

    def close(self):
        try:
            self._send(b"X", b"")
        except Lost:
            pass  # It is closed then.
        self.socket.close()

    def _send(self, kind, body):
        try:
            self.socket.sendall(kind + struct.pack("!I", len(body) + 4) + body)
        except OSError as error:
            raise Lost(str(error)) from error

    def _message(self):
        while len(self.rest) < 5 or len(self.rest) < 1 + struct.unpack("!I", self.rest[1:5])[0]:
            try:
                chunk = self.socket.recv(1 << 18)
            except OSError as error:
                raise Lost(str(error)) from error
            if not chunk:
                raise Lost("the server hung up")
            self.rest += chunk
        length = 1 + struct.unpack("!I", self.rest[1:5])[0]
        message, self.rest = self.rest[:length], self.rest[length:]
        return message[:1], message[5:]

    def _result(self):
        rows, failure = [], None
        while True:
            kind, body = self._message()
            if kind == b"T":
                rows = []
            elif kind == b"D":
                rows.append(tuple(
                    None if cell is None else cell.decode() for cell in self._cells(body)))
            elif kind == b"C":
                self.tag = body[:-1].decode()
            elif kind == b"E":
                fields = self._fields(body)
                failure = SQLError(fields["C"], fields["M"])
            elif kind == b"S":
                self._note(body)
            elif kind == b"N":
                self.notices.append(self._fields(body)["M"])
            elif kind == b"Z":
                self.status = body
                if failure:
                    raise failure
                return rows

    def _note(self, body):
        name, value = body[:-1].decode().split("\0")
        self.parameters[name] = value

    @staticmethod
    def _cells(body):
        """The values of a row, as they came."""
        cells, place = [], 2
        for _ in range(struct.unpack("!H", body[:2])[0]):
            length = struct.unpack("!i", body[place:place + 4])[0]
            place += 4
            cells.append(None if length < 0 else body[place:place + length])
            place += max(length, 0)
        return tuple(cells)

    @staticmethod
    def _fields(body):
        parts = body.rstrip(b"\0").split(b"\0")
        return {part[:1].decode(): part[1:].decode() for part in parts if part}

    def _log_in(self, password):
        nonce = base64.b64encode(os.urandom(18)).decode()
        bare = f"n=,r={nonce}"
        while True:
            kind, body = self._message()
            if kind == b"E":
                fields = self._fields(body)
                raise SQLError(fields["C"], fields["M"])
            if kind == b"Z":
                return
            if kind == b"S":
                self._note(body)
            if kind != b"R":
                continue
            code = struct.unpack("!I", body[:4])[0]
            if code == 3:
                self._send(b"p", password.encode() + b"\0")
            elif code == 10:
                first = b"n,," + bare.encode()
                self._send(
                    b"p", b"SCRAM-SHA-256\0" + struct.pack("!I", len(first)) + first)
            elif code == 11:
                self._send(b"p", self._proof(password, bare, body[4:].decode()))

    @staticmethod
    def _proof(password, bare, challenge):
        given = dict(part.split("=", 1) for part in challenge.split(","))
        salted = hashlib.pbkdf2_hmac(
            "sha256", password.encode(), base64.b64decode(given["s"]), int(given["i"]))
        key = hmac.digest(salted, b"Client Key", "sha256")
        final = f"c=biws,r={given['r']}"
        signed = hmac.digest(
            hashlib.sha256(key).digest(), f"{bare},{challenge},{final}".encode(), "sha256")
        proof = bytes(left ^ right for left, right in zip(key, signed))
        return f"{final},p={base64.b64encode(proof).decode()}".encode()
