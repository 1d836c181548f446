#!/usr/bin/env python3
"""Runs the commands of README.md and docs/import.md as they stand there, and checks that README.zh-CN.md has those of
README.md.

Each ```sh block is run by bash in the clone. The line that starts the demo runs in the background until it prints its
ready line, and is ended with Ctrl-C at the end; every other line must succeed, or end with the exit code that a
comment at its end announces. What the pages link to must be there.
"""
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
# The first start builds the whole demonstration, a quarter of a million events: little more than a minute on two idle
# cores.
READY_SECONDS = 180
SKIPPED = ("git clone", "cd yujian")


def commands(name: str) -> list[str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.S | re.M)
    found, open_command = [], ""
    for line in "".join(blocks).replace("\\\n", " ").splitlines():
        # A quoted argument may span lines; a command ends where every quote is closed.
        open_command += line + "\n"
        if open_command.count("'") % 2 == 0:
            found.append(open_command.strip())
            open_command = ""
    return [command for command in found if command and not command.startswith("#")]


def missing_links(name: str) -> list[str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    named = re.findall(r"\]\(([^)#:]+)\)", text) + re.findall(r"`((?:docs|deploy|tests)/[\w./-]+|[A-Z]+\.md|NOTICE)`", text)
    return [f"{name}: {link}" for link in named if not (ROOT / link).exists()]


def start_demo(command: str) -> subprocess.Popen:
    print(f"+ {command} &", flush=True)
    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=ROOT, check=True)
    began = time.monotonic()
    process = subprocess.Popen(["bash", "-c", f"exec {command}"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        print(line, end="", flush=True)
        if line.startswith("ready "):
            seconds = time.monotonic() - began
            print(f"# ready after {seconds:.1f} s", flush=True)
            if seconds > READY_SECONDS:
                sys.exit(f"the ready line took {seconds:.1f} s, more than {READY_SECONDS} s")
            return process
    sys.exit("the demo ended before it was ready")


def run(command: str, where: pathlib.Path = ROOT) -> None:
    print(f"+ {command}", flush=True)
    announced = re.search(r"# exit code (\d+)$", command)
    path = f"{ROOT / 'target/release'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command], cwd=where, env={**os.environ, "PATH": path}, timeout=2400
    )
    if done.returncode != (int(announced[1]) if announced else 0):
        sys.exit(f"failed ({done.returncode}): {command}")


def run_elsewhere(name: str) -> None:
    """Runs the commands of a page where they find the repository's files and leave theirs in a directory that goes."""
    with tempfile.TemporaryDirectory() as directory:
        where = pathlib.Path(directory)
        for folder in ("deploy", "tests"):
            (where / folder).symlink_to(ROOT / folder)
        for command in commands(name):
            run(command, where)


def main() -> None:
    english, chinese = commands("README.md"), commands("README.zh-CN.md")
    if english != chinese:
        sys.exit(f"the commands of the two READMEs differ:\n{english}\n{chinese}")
    missing = missing_links("README.md") + missing_links("README.zh-CN.md") + missing_links("ARCHITECTURE.md")
    if missing:
        sys.exit(f"named and not here: {missing}")
    demo = None
    try:
        for command in english:
            if command.startswith(SKIPPED):
                continue
            if command == "cargo run --release -- demo":
                demo = start_demo(command)
                continue
            run(command)
        run_elsewhere("docs/import.md")
    finally:
        if demo is not None:
            demo.send_signal(signal.SIGINT)
            demo.wait(timeout=10)


if __name__ == "__main__":
    main()
