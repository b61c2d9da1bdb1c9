#!/usr/bin/env python3
"""Plants one bug after another in a scratch copy of this checkout, and shows that the tests catch each.

usage: build/mutants.py [WORD]     only the mutants whose name or tests contain WORD

tests/mutants/*.mutant: lines `key: value` (promise, file, tests, what), then the text to find between `<<<<` and `====`, and what takes its place until
`>>>>`. `tests` is a test project and, after a space, a filter of its runner. A mutant counts as caught when the tests, which pass on the unchanged
copy, fail with it. Tests that come to no end have not found anything: that is TIMED OUT, and bad, unless the mutant has the line `hangs: yes`.
One that doesn't compile, or whose text is not found exactly once, is an error.
"""
import os, pathlib, shutil, subprocess, sys, time

root = pathlib.Path(__file__).resolve().parent.parent
scratch = root / "artifacts" / "mutants"
limit = 300  # Seconds that the tests may take.
timed_out = 124  # The exit code of what took longer, as timeout(1) has it.


def read(path):
    fields, find, replace, part = {}, [], [], "fields"
    for line in path.read_text().splitlines():
        if line in ("<<<<", "====", ">>>>"):
            part = {"<<<<": "find", "====": "replace", ">>>>": "end"}[line]
        elif part == "find":
            find.append(line)
        elif part == "replace":
            replace.append(line)
        elif part == "fields" and ": " in line:
            key, value = line.split(": ", 1)
            fields[key] = value
    return {"name": path.stem, "find": "\n".join(find), "replace": "\n".join(replace), **fields}


def run(command, timeout):
    environment = dict(os.environ, DOTNET_NOLOGO="1", MSBUILDDISABLENODEREUSE="1", UseSharedCompilation="false",
                       # A bug that fills the memory must end its tests, and not this machine.
                       DOTNET_GCHeapHardLimit="0x100000000")
    try:
        done = subprocess.run(command, cwd=scratch, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout)
        return done.returncode, done.stdout + done.stderr
    except subprocess.TimeoutExpired:
        return timed_out, f"took longer than {timeout} s"


def mirror():
    """Makes the scratch copy the same as this checkout, but for what was built there."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=root, capture_output=True, text=True, check=True)
    names = {name for name in listed.stdout.split("\0") if name and (root / name).is_file()}
    scratch.mkdir(parents=True, exist_ok=True)
    for folder, folders, files in os.walk(scratch):
        if pathlib.Path(folder) == scratch and "artifacts" in folders:
            folders.remove("artifacts")
        for path in (pathlib.Path(folder) / file for file in files):
            if path.relative_to(scratch).as_posix() not in names:
                path.unlink()
    for name in names:
        source, target = root / name, scratch / name
        if not target.exists() or target.read_bytes() != source.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())


def build(project):
    # Real processes are those of the program, which no test project refers to.
    needed = [f"tests/{project}"] + (["src/P2PGrpc.Cli"] if project == "P2PGrpc.EndToEnd" else [])
    for path in needed:
        code, output = run(["dotnet", "build", path, "-c", "Release", "--nologo", "-v", "q", "-clp:NoSummary"], 600)
        if code != 0:
            return code, output
    launcher = root / "artifacts" / "bin" / "p2pgrpc"
    if launcher.exists():
        shutil.copy(launcher, scratch / "artifacts" / "bin" / "p2pgrpc")
    return 0, output


def test(tests):
    project, _, chosen = tests.partition(" ")
    command = ["dotnet", f"artifacts/bin/{project}/release/{project}.dll", "-noColor"] + chosen.split()
    return run(command, limit)


def first_failure(output):
    for line in output.splitlines():
        if "[FAIL]" in line:
            return line.replace("[FAIL]", "").strip().split(".")[-1]
    return output.strip().splitlines()[-1][:60] if output.strip() else "?"


def plant(mutant):
    """Puts the bug in, has the tests judge it, takes it out again. Gives the verdict, and what caught it or went wrong."""
    path = scratch / mutant["file"]
    original = path.read_text()
    if original.count(mutant["find"]) != 1:
        return "ERROR", f"the text occurs {original.count(mutant['find'])} times in {mutant['file']}"
    path.write_text(original.replace(mutant["find"], mutant["replace"]))
    try:
        code, output = build(mutant["tests"].split(" ")[0])
        if code != 0:
            return "ERROR", next((line for line in output.splitlines() if "error" in line), "does not compile")
        code, output = test(mutant["tests"])
    finally:
        path.write_text(original)
    if code == timed_out:
        return ("hangs" if mutant.get("hangs") == "yes" else "TIMED OUT"), output
    return ("SURVIVED", "") if code == 0 else ("caught", first_failure(output))


def main():
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    mutants = [m for m in map(read, sorted((root / "tests" / "mutants").glob("*.mutant"))) if word in m["name"] or word in m["tests"]]
    if not mutants:
        sys.exit(f"mutants: none is called {word}")
    mirror()
    bad = 0
    for tests in sorted({m["tests"] for m in mutants}):
        code, output = build(tests.split(" ")[0])
        if code == 0:
            code, output = test(tests)
        if code != 0:
            sys.exit(f"mutants: without a mutant, {tests} fails already: {first_failure(output)}")
    print(f"{'mutant':34} {'promise':8} {'verdict':9} {'s':>4}  caught by", flush=True)
    for mutant in mutants:
        started = time.monotonic()
        verdict, by = plant(mutant)
        bad += verdict not in ("caught", "hangs")
        print(f"{mutant['name']:34} {mutant['promise']:8} {verdict:9} {time.monotonic() - started:4.0f}  {by}", flush=True)
    print(f"{len(mutants) - bad} of {len(mutants)} caught")
    sys.exit(1 if bad else 0)


main()
