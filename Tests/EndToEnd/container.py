"""The image without Docker: what docker/Dockerfile says of its last stage, in namespaces of our own.

The program is process 1 of a read-only root that holds the libraries and nothing else, with the
Dockerfile's user, environment, entry point and volume, and an address besides the loopback.
"""

import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import unittest

from server import BINARY, ServerTestCase, main

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
OUTSIDE = "10.9.8.7"

# $1 the folder for the image, $2 the volume, $3 the user; then the command with its environment.
BEGIN = r"""
set -euo pipefail
image=$1 volume=$2 user=$3 place=$4
shift 4
# The test's own -d ROOT, last, is for servers without an image.
set -- "${@:1:$#-2}"
ip link set lo up
ip address add OUTSIDE/32 dev lo
mount -t tmpfs tmpfs "$image"
mkdir -p "$image"/{usr/bin,proc,tmp,dev,etc,run/secrets} "$image$place"
for folder in lib lib64 usr/lib usr/lib64 usr/share opt etc/ssl; do
    [ -e "/$folder" ] || continue
    if [ -L "/$folder" ]; then cp -d "/$folder" "$image/$folder"; continue; fi
    mkdir -p "$image/$folder"
    mount --bind "/$folder" "$image/$folder"
done
cp "$BASALT" "$image/usr/bin/basalt"
printf 'basalt:x:%s:%s::%s:/usr/sbin/nologin\n' "$user" "$user" "$place" >"$image/etc/passwd"
printf 'swordfish\n' >"$image/run/secrets/password"
touch "$image/dev/null" "$image/dev/urandom"
for device in null urandom; do mount --bind "/dev/$device" "$image/dev/$device"; done
mount -t proc proc "$image/proc"
mount -t tmpfs -o mode=1777 tmpfs "$image/tmp"
mount --bind "$volume" "$image$place"
mount -o remount,ro "$image"
cd /
# In the chroot there is no shell: what follows is the entry point itself.
exec chroot --userspec="$user:$user" "$image" "$@"
""".replace("OUTSIDE", OUTSIDE)


def last_stage():
    """The instructions of the last stage, each with its text."""
    text = (REPOSITORY / "docker/Dockerfile").read_text(encoding="utf8")
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    stage = []
    for line in text.splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            stage = []
        if word:
            stage.append((word, rest.strip()))
    return stage


def only(stage, word):
    found = [rest for name, rest in stage if name == word]
    assert len(found) == 1, (word, found)
    return found[0]


class Image(ServerTestCase):
    def setUp(self):
        super().setUp()
        self.stage = last_stage()
        self.place = only(self.stage, "VOLUME")
        user = re.search(r"--uid (\d+)", only(self.stage, "RUN"))
        self.user = user.group(1)

    def image(self, volume, **environment):
        """Starts the image on a volume, as `docker run` would."""
        if os.geteuid() != 0:
            self.skipTest("another user id inside needs root outside")
        for program in ("unshare", "nsenter", "ip", "chroot"):
            if not shutil.which(program):
                self.skipTest(f"{program} is missing")
        probe = subprocess.run(
            ["unshare", "--mount", "--net", "--pid", "--fork", "true"], capture_output=True,
            text=True)
        if probe.returncode != 0:
            self.skipTest("no namespaces here: " + probe.stderr.strip())
        values = dict(part.split("=", 1) for part in shlex.split(only(self.stage, "ENV")))
        values.update(environment)
        command = json.loads(only(self.stage, "ENTRYPOINT")) + json.loads(only(self.stage, "CMD"))
        script = self.folder / "begin.sh"
        script.write_text(BEGIN)
        folder = self.folder / f"image{len(self.servers)}"
        folder.mkdir()
        os.chmod(self.folder, 0o755)
        given = [f"{name}={value}" for name, value in values.items()]
        # There is no env in the image: the environment is given to what begins it.
        server = self.begin(
            volume, environment={"BASALT": os.path.abspath(BINARY)},
            command=[
                "unshare", "--mount", "--net", "--pid", "--uts", "--fork", "--kill-child", "env",
                *[f"-u{name}" for name in os.environ if name.startswith("BASALT_")],
                "-uBASALT_PG_NET_BIND_TO", "-uBASALT_HTTP_BIND_TO", "-uBASALT_HTTP_MIN_NET_BIND_TO",
                *given, "bash", str(script), str(folder), str(volume), self.user, self.place,
                *command])
        return server.wait_ready()

    def tearDown(self):
        # The change of user takes --kill-child's signal away, so process 1 is ended by name.
        for server in self.servers:
            if server.process.poll() is None:
                os.kill(self.first_process(server), signal.SIGKILL)
        super().tearDown()

    def volume(self, name="volume"):
        folder = self.folder / name
        folder.mkdir()
        shutil.chown(folder, int(self.user), int(self.user))
        return folder

    def inside(self, server, *command, password="quest"):
        return subprocess.run(
            ["nsenter", f"--net=/proc/{server.process.pid}/ns/net", *command],
            env=dict(os.environ, PGPASSWORD=password, PGSSLMODE="disable"), capture_output=True,
            text=True, timeout=60)

    def psql(self, server, statement, password="quest"):
        return self.inside(
            server, "psql", "-X", "-h", OUTSIDE, "-p", "8812", "-U", "admin", "-d", "qdb", "-At",
            "-c", statement, password=password)

    def first_process(self, server):
        pid = server.process.pid
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        self.assertEqual(len(children), 1)
        return int(children[0])

    def stop_image(self, server):
        """docker stop."""
        os.kill(self.first_process(server), signal.SIGTERM)
        code = server.process.wait(timeout=60)
        server.drain()
        return code

    def test_what_is_copied_into_the_image_is_there(self):
        for word, rest in self.stage:
            if word != "COPY":
                continue
            source = rest.split()[0 if not rest.startswith("--from") else 1]
            if rest.startswith("--from"):
                self.assertEqual(source, "/source/.build/release/basalt")
            else:
                self.assertTrue((REPOSITORY / source).exists(), source)
        done = subprocess.run(
            [REPOSITORY / "docker/install-deps.sh", "--run", "--print"], capture_output=True,
            text=True, check=True)
        self.assertIn("libssl3", done.stdout)

    def test_it_runs_as_process_1_of_its_user_and_stops_well(self):
        volume = self.volume()
        server = self.image(volume)
        with open(f"/proc/{self.first_process(server)}/status", encoding="utf8") as file:
            status = file.read()
        self.assertRegex(status, rf"Uid:\t{self.user}\t{self.user}")
        self.assertRegex(status, r"NSpid:\t\d+\t1\n")
        self.assertRegex("\n".join(server.log), "E configuration pg.net.bind.to .*default password")

        done = self.psql(server, "CREATE TABLE t (a INT); INSERT INTO t VALUES (7)")
        self.assertEqual(done.returncode, 0, done.stderr)
        answer = self.inside(server, "curl", "-s", f"http://{OUTSIDE}:9000/exec?query=t")
        self.assertIn('"dataset":[[7]]', answer.stdout)
        health = self.inside(server, "curl", "-s", f"http://{OUTSIDE}:9003/status")
        self.assertIn("Healthy", health.stdout)

        self.assertEqual(self.stop_image(server), 0)
        again = self.image(volume)
        self.assertEqual(self.psql(again, "SELECT a FROM t").stdout, "7\n")

    def test_a_backup_that_is_mounted_as_the_root_is_served(self):
        server = self.image(self.volume())
        self.psql(server, "CREATE TABLE t (a INT); INSERT INTO t VALUES (7)")
        done = self.psql(server, "BACKUP DATABASE AS 'first'")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.stop_image(server)

        copy = self.image(self.folder / "volume/backup/first")

        self.assertEqual(self.psql(copy, "SELECT a FROM t").stdout, "7\n")

    def test_a_password_may_be_a_secret_in_a_file(self):
        server = self.image(
            self.volume(), BASALT_PG_PASSWORD_FILE="/run/secrets/password",
            BASALT_HTTP_USER="admin", BASALT_HTTP_PASSWORD_FILE="/run/secrets/password")

        self.assertNotEqual(self.psql(server, "SELECT 7").returncode, 0)
        self.assertEqual(self.psql(server, "SELECT 7", password="swordfish").stdout, "7\n")
        self.assertNotIn(" E configuration", "\n".join(server.log))

    @unittest.skipUnless(
        shutil.which("docker")
        and subprocess.run(["docker", "info"], capture_output=True).returncode == 0,
        "no running docker here")
    def test_docker_itself_builds_the_image(self):
        subprocess.run(
            ["docker", "build", "-q", "-f", "docker/Dockerfile", "."], cwd=REPOSITORY, check=True)


if __name__ == "__main__":
    main()
