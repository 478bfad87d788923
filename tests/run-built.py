#!/usr/bin/env python3
"""Runs the test programs that `cargo test --no-run --message-format json` names on standard input, a few at a time: most of
them wait for others, not for a processor. Prints what each says when it ends; exits 1 where one failed."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed

AT_A_TIME = max(3, os.cpu_count() or 1)
# Longer than any takes; one that hangs is to be named, not waited for.
MOST_S = 1200


def programs(lines):
    """Path, and folder that its tests expect to be in, of each test program."""
    for line in lines:
        told = json.loads(line)
        if told.get("reason") == "compiler-artifact" and told["profile"]["test"] and told["executable"]:
            yield told["executable"], os.path.dirname(told["manifest_path"])


def run(program):
    path, folder = program
    begin = time.monotonic()
    try:
        done = subprocess.run(
            [path], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=MOST_S
        )
        status, said = done.returncode, done.stdout
    except subprocess.TimeoutExpired as late:
        status, said = f"not over after {MOST_S} s", late.stdout or b""
    return status, said.decode(errors="replace"), time.monotonic() - begin


def main():
    # Those of whole systems take longest: they come first.
    found = sorted(set(programs(sys.stdin)), key=lambda program: (os.path.basename(program[1]) != "tests", program))
    if not found:
        sys.exit("no test program was built")
    failed = []
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        running = {pool.submit(run, program): program for program in found}
        for number, ended in enumerate(as_completed(running), 1):
            path, folder = running[ended]
            status, said, seconds = ended.result()
            name = f"{os.path.basename(folder)}: {os.path.basename(path)}"
            print(f"\n     Ran {number} of {len(found)}, {name} ({seconds:.1f} s, status {status})")
            print(said, flush=True)
            if status != 0:
                failed.append(name)
    for name in failed:
        print(f"FAILED: {name}")
    sys.exit(1 if failed else 0)


main()
