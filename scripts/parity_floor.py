#!/usr/bin/env python3
"""Does one area of the parity data hold? Prints the verdict in a line; exit 1 when it does not.

    parity_floor.py CASES LINES DEVIATIONS FLOOR

LINES is what `parity.py check --jsonl` wrote. FLOOR is how many cases must be equal, or `all`: every case that is not a
listed deviation. A listed deviation that turned out equal fails whatever the floor, as it does in parity.py.
"""
import json
import pathlib
import sys


def main():
    cases_path, lines_path, deviations_path, floor = sys.argv[1:]
    area = pathlib.Path(cases_path).stem
    cases = [f"{area}/{case['id']}" for case in json.loads(pathlib.Path(cases_path).read_text())["cases"]]
    listed = set(json.loads(pathlib.Path(deviations_path).read_text())) & set(cases)
    path = pathlib.Path(lines_path)
    if not path.exists():
        print("did not run to its end")
        return 1
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    equal = sum(line["ok"] for line in lines)
    stale = [line["case"] for line in lines if f"{area}/{line['case']}" in listed]
    ran = len(lines) + len(listed) - len(stale)
    want = len(cases) - len(listed) if floor == "all" else int(floor)
    print(f"{equal} of {len(cases)} equal, {len(listed)} deviate as listed, at least {want} wanted", end="")
    if stale:
        print(f"; listed as deviations but equal: {', '.join(stale)}")
        return 1
    if ran != len(cases):
        print(f"; {len(cases) - ran} did not run")
        return 1
    raise_it = floor != "all" and equal > want
    print(f"; raise its floor in parity/areas.txt to {equal}" if raise_it else "")
    return 0 if equal >= want else 1


if __name__ == "__main__":
    sys.exit(main())
