#!/usr/bin/env python3
"""Plants one bug after another in a scratch copy of this checkout, and shows that the tests catch each.

usage: build/mutants.py [WORD]     only the mutants whose name or tests contain WORD

tests/mutants/*.mutant: lines `key: value` (promise, file, tests, what), then the text to find between `<<<<` and `====`, and what takes its place until
`>>>>`. `tests` is a test project and, after a space, a filter of its runner. A mutant counts as caught when the tests, which pass on the unchanged
copy, fail with it; one that doesn't compile, whose text is not found exactly once, or with which the tests do not come to an end, is an error.
"""
import os, pathlib, shutil, subprocess, sys, time

root = pathlib.Path(__file__).resolve().parent.parent
scratch = root / "artifacts" / "mutants"
limit = 300  # Seconds that the tests may take.


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
    environment = dict(os.environ, DOTNET_NOLOGO="1", MSBUILDDISABLENODEREUSE="1", UseSharedCompilation="false")
    try:
        done = subprocess.run(command, cwd=scratch, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout)
        return done.returncode, done.stdout + done.stderr
    except subprocess.TimeoutExpired:
        return 124, "took too long"


def copy():
    scratch.mkdir(parents=True, exist_ok=True)
    files = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True).stdout.split("\0")
    kept = {scratch / name for name in files if name and (root / name).exists()}
    for folder in ("src", "tests", "protos", "testdata", "build"):
        for old in (scratch / folder).rglob("*"):
            if old.is_file() and old not in kept and not {"bin", "obj"} & set(old.relative_to(scratch).parts):
                old.unlink()
    for name in filter(None, files):
        source, target = root / name, scratch / name
        if not source.exists():
            continue
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


def main():
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    mutants = [m for m in map(read, sorted((root / "tests" / "mutants").glob("*.mutant"))) if word in m["name"] or word in m["tests"]]
    if not mutants:
        sys.exit(f"mutants: none is called {word}")
    copy()
    bad = 0
    for tests in sorted({m["tests"] for m in mutants}):
        code, output = build(tests.split(" ")[0])
        if code == 0:
            code, output = test(tests)
        if code != 0:
            sys.exit(f"mutants: without a mutant, {tests} fails already: {first_failure(output)}")
    print(f"{'mutant':34} {'promise':8} {'verdict':9} {'s':>4}  caught by", flush=True)
    for mutant in mutants:
        path = scratch / mutant["file"]
        original = path.read_text()
        started = time.monotonic()
        if original.count(mutant["find"]) != 1:
            verdict, by = "ERROR", f"the text occurs {original.count(mutant['find'])} times in {mutant['file']}"
        else:
            path.write_text(original.replace(mutant["find"], mutant["replace"]))
            code, output = build(mutant["tests"].split(" ")[0])
            if code != 0:
                verdict, by = "ERROR", next((line for line in output.splitlines() if "error" in line), "does not compile")
            else:
                code, output = test(mutant["tests"])
                verdict, by = ("SURVIVED", "") if code == 0 else ("ERROR", output) if code == 124 else ("caught", first_failure(output))
            path.write_text(original)
        bad += verdict != "caught"
        print(f"{mutant['name']:34} {mutant['promise']:8} {verdict:9} {time.monotonic() - started:4.0f}  {by}", flush=True)
    print(f"{len(mutants) - bad} of {len(mutants)} caught")
    sys.exit(1 if bad else 0)


main()
