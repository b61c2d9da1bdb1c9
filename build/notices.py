#!/usr/bin/env python3
"""Writes the notices of all that the program brings along: who holds the copyright of each part, under which licence, and that licence's text.

The parts are those of the bill of materials; what they say of themselves stands in the packages as they were restored.

usage: build/notices.py BILL TARGET
"""

import json
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree

root = pathlib.Path(__file__).resolve().parent.parent
# The texts of licences that packages name and don't enclose.
texts = {
    "Apache-2.0": root / "LICENSE",
    "BSD-3-Clause": root / "build/licenses/BSD-3-Clause.txt",
    "MIT": root / "build/licenses/MIT.txt",
}
enclosed = re.compile(r"(licen[cs]e|notice|copying|third-?party-?notices)(\.(txt|md))?", re.IGNORECASE)
rule = "=" * 80


def find_package(packages, name, version):
    # .NET itself is one package for each kind of machine, all with the same notices.
    for folder in (name, f"{name}.linux-x64"):
        path = packages / folder.lower() / version.lower()
        if path.is_dir():
            return path
    sys.exit(f"notices: {name} {version} is not in {packages}: run make setup")


def read_text(path):
    return path.read_text(encoding="utf-8-sig").replace("\r\n", "\n").strip("\n")


def describe(package):
    """Gives what a package says of itself: copyright, licence, address."""
    (manifest,) = package.glob("*.nuspec")
    metadata = next(iter(xml.etree.ElementTree.parse(manifest).getroot()))
    fields = {element.tag.split("}")[1]: (element.text or "").strip() for element in metadata}
    return fields.get("copyright") or fields["authors"], fields.get("license", ""), fields.get("projectUrl", "")


def main(bill, target):
    answer = subprocess.run(["dotnet", "nuget", "locals", "global-packages", "--list"], capture_output=True, text=True, check=True).stdout
    packages = pathlib.Path(answer.split(": ", 1)[1].strip())
    parts, licences, notices = [], set(), {}
    for component in json.loads(pathlib.Path(bill).read_text(encoding="utf-8"))["components"]:
        name, version = component["name"], component["version"]
        package = find_package(packages, name, version)
        copyright, licence, address = describe(package)
        files = sorted(path for path in package.iterdir() if enclosed.fullmatch(path.name))
        if licence in texts:
            licences.add(licence)
        elif not files:
            sys.exit(f"notices: {name} {version} is under {licence or 'no licence that it names'}, whose text is not here: add it to build/licenses")
        parts.append("\n".join(filter(None, [f"{name} {version}", copyright, f"Licence: {licence or files[0].name}", address])))
        for path in files:
            notices.setdefault(read_text(path), []).append(f"{name} {version}")

    sections = ["This program contains the following parts, or was made with them. The texts of their licences, and the notices that they enclose, follow below.", *parts]
    sections += [f"{rule}\nThe licence {licence}\n{rule}\n\n{read_text(texts[licence])}" for licence in sorted(licences)]
    sections += [f"{rule}\nEnclosed in {', '.join(names)}\n{rule}\n\n{text}" for text, names in notices.items()]
    pathlib.Path(target).write_text("\n\n".join(sections) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
