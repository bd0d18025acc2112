#!/usr/bin/env python3
"""Holds docs/threat-model.md to the tests: each row that names a test has one of that name, each test that
carries a row's id stands in that row, and each row has a test or says why it is open. A scenario that names a row
among its sources is a test of it.

    python3 scripts/threat_rows.py           check
    python3 scripts/threat_rows.py --write   write the tests into the table, for a change of names
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "threat-model.md"
ROW = re.compile(r"^\| ([RT]\d{2,3}) \| (.*?) \| (.*?) \|$")
TEST = re.compile(r"\bfn ((?:[rt]\d{2,3}_)+\w*)\(")
SOURCE = re.compile(r"^source = (.*)$", re.M)
ID = re.compile(r"\b(T\d{3}|R\d{2})\b")
IDS = re.compile(r"^((?:[rt]\d{2,3}_)+)")


def listed(pattern: str) -> list[str]:
    return subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", pattern],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()


def tests() -> dict[str, set[str]]:
    """The names of tests, and the paths of scenarios, by the ids that they carry."""
    found: dict[str, set[str]] = {}
    for file in listed("scenarios/*.toml"):
        for source in SOURCE.findall((ROOT / file).read_text()):
            for row in ID.findall(source):
                found.setdefault(row, set()).add(file)
    for file in listed("*.rs"):
        for name in TEST.findall((ROOT / file).read_text()):
            for row in IDS.match(name).group(1).upper().split("_"):
                if row:
                    found.setdefault(row, set()).add(name)
    return found


def shown(names: set[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def main() -> int:
    known, wrong, seen, lines = tests(), [], set(), []
    for line in PAGE.read_text().splitlines():
        row = ROW.match(line)
        if row:
            number, what, held = row.groups()
            if number in seen:
                wrong.append(f"{number} stands in the page twice")
            seen.add(number)
            names = set(re.findall(r"`([rt]\d{2,3}_\w+|scenarios/[^`]+)`", held))
            if number in known:
                if names != known[number]:
                    wrong.append(f"{number}: the page names {sorted(names)}, there is {sorted(known[number])}")
                line = f"| {number} | {what} | {shown(known[number])} |"
            elif not held.startswith("open: "):
                wrong.append(f"{number}: no test of that name, and no reason why it is open")
        lines.append(line)
    for number in sorted(set(known) - seen):
        wrong.append(f"{number}: tests {sorted(known[number])}, and no row in the page")
    if "--write" in sys.argv[1:]:
        PAGE.write_text("\n".join(lines) + "\n")
        return 0
    for text in wrong:
        print(f"docs/threat-model.md: {text}")
    if not wrong:
        print(f"{len(seen)} rows of the threat model hold, {len(seen - set(known))} of them open")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
