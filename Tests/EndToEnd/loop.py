"""What the scripts that run for a while share: options, a folder, and how to run the same again."""

import argparse
import pathlib
import random
import tempfile

from server import remove


def read_options(description, seconds):
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--seconds", type=float, default=seconds)
    parser.add_argument("--writers", type=int, default=4)
    parser.add_argument("--keep", action="store_true", help="keep the root after a failure")
    return parser.parse_args()


def make_folder(name):
    return pathlib.Path(tempfile.mkdtemp(prefix=f"basalt-{name}-"))


def end(script, options, folder, complaints, most=10):
    """Prints the first complaints, removes the folder or names it; returns the exit code."""
    if complaints:
        print(*complaints[:most], sep="\n")
        print(f"again: {script} --seed {options.seed} --seconds {options.seconds:g}")
    if complaints and options.keep:
        print(f"kept: {folder}")
    else:
        remove(folder)
    return 1 if complaints else 0
