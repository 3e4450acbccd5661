"""How often the flags on graders fire: on honest ones, and on five kinds of cheats.

python -m bench.grader_flags            simulate and print the tables of docs/grader-flags.md
python -m bench.grader_flags --write    besides, store them there and the counts in analysis
python -m bench.grader_flags --stored   print the tables of the stored counts, without simulating

Another --seed gives other teams; the stored counts are those of the default one. A run takes some
minutes on two cores.
"""

import argparse
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from analysis.grader_flag_rates import ANY, COUNTS, FLAGS, HONEST, SIZES, Fired
from analysis.graders import GraderQuality, grader_quality
from bench.grader_simulation import CHEAT, CHEATS, DIFFICULTY, VERY_UNEQUAL, VICTIM, simulate_team
from labeling.grader_words import FLAGS as WORDS

ROOT = Path(__file__).resolve().parents[1]
MODULE, PAGE = ROOT / "analysis" / "grader_flag_rates.py", ROOT / "docs" / "grader-flags.md"
DEFAULT_SEED = 20261124
UNEQUAL = "honest_unequal_units"
TEAMS = {HONEST: 500, UNEQUAL: 200} | dict.fromkeys(CHEATS, 200)
CHUNK = 50
TITLES = {
    "random": "Random: any mode, all alike",
    "commonest": "Commonest: always the commonest mode",
    "fast": "Fast clicker: about 4 seconds a label, half of them at random",
    "copier": "Copier: one other grader's answer on 90% of the units they share",
    "drifting": "Drifting: honest at first, 70% at random at the end",
}

Counts = dict[str, Fired]


def beside(cheat: str) -> str:
    """Name the honest graders of a team with a cheat; a copier's victim is not among them."""
    return f"beside_{cheat}"


def simulate(kind: str, n_labels: int, *, teams: Iterable[int], seed: int) -> Counts:
    """Count what fires in some teams of one kind; the same arguments give the same counts."""
    honest: list[GraderQuality] = []
    cheats: list[GraderQuality] = []
    cheat = kind if kind in CHEATS else None
    difficulty = VERY_UNEQUAL if kind == UNEQUAL else DIFFICULTY
    for team in teams:
        rng = np.random.default_rng([seed, list(TEAMS).index(kind), n_labels, team])
        graders = grader_quality(simulate_team(rng, n_labels, cheat=cheat, difficulty=difficulty))
        if cheat is None:
            honest += graders
        else:
            cheats.append(graders[CHEAT])
            honest += graders[VICTIM + 1 : CHEAT]
    if cheat is None:
        return {kind: _count(honest)}
    return {kind: _count(cheats), beside(kind): _count(honest)}


def _simulate_task(task: tuple[str, int, range, int]) -> Counts:
    kind, n_labels, teams, seed = task
    return simulate(kind, n_labels, teams=teams, seed=seed)


def _count(graders: list[GraderQuality]) -> Fired:
    fires = np.array([[flag.fires for flag in grader.flags] for grader in graders])
    judged = np.array([[f.not_judged_because is None for f in g.flags] for g in graders])
    return Fired(
        n=len(graders),
        any_flag=int(fires.any(axis=1).sum()),
        fired=tuple(fires.sum(axis=0).tolist()),
        judged=tuple(judged.sum(axis=0).tolist()),
    )


def _sum(one: Fired, other: Fired) -> Fired:
    return Fired(
        n=one.n + other.n,
        any_flag=one.any_flag + other.any_flag,
        fired=tuple(map(sum, zip(one.fired, other.fired, strict=True))),
        judged=tuple(map(sum, zip(one.judged, other.judged, strict=True))),
    )


def simulate_all(seed: int) -> dict[str, dict[int, Fired]]:
    tasks = [
        (kind, size, range(start, start + CHUNK), seed)
        for size in reversed(SIZES)
        for kind, n_teams in TEAMS.items()
        for start in range(0, n_teams, CHUNK)
    ]
    found: dict[str, dict[int, Fired]] = {
        name: {} for name in (HONEST, UNEQUAL, *CHEATS, *map(beside, CHEATS))
    }
    with ProcessPoolExecutor(max_workers=2) as pool:
        for task, counts in zip(tasks, pool.map(_simulate_task, tasks), strict=True):
            for name, more in counts.items():
                size = task[1]
                found[name][size] = _sum(found[name][size], more) if size in found[name] else more
    return found


# Tables


def tables(counts: dict[str, dict[int, Fired]]) -> str:
    """Return the tables of docs/grader-flags.md."""
    honest = counts[HONEST]
    lines = [
        f"**Honest graders** ({honest[SIZES[0]].n:,} per column), of those who could be judged"
    ]
    lines += _table(
        "flag fires on", [(_name(name), _rates(honest, name)) for name in (*FLAGS, ANY)]
    )
    for cheat in CHEATS:
        lines += [f"**{TITLES[cheat]}** ({counts[cheat][SIZES[0]].n:,} per column)"]
        rows = [(_name(name), _rates(counts[cheat], name, of_all=True)) for name in (*FLAGS, ANY)]
        lines += _table("found by", rows)
    lines += ["**Honest graders in other company**: any flag"]
    others = [(UNEQUAL, "very unequal units"), *((beside(c), f"beside one: {c}") for c in CHEATS)]
    lines += _table("honest graders", [(text, _rates(counts[k], ANY)) for k, text in others])
    return "\n".join(lines)


def _name(flag: str) -> str:
    """As the pages name it, then its id; `any` is no flag of its own."""
    return f"{WORDS[flag][0]} (`{flag}`)" if flag in WORDS else flag


def _table(title: str, rows: list[tuple[str, list[str]]]) -> Iterator[str]:
    yield ""
    yield f"| {title} | " + " | ".join(f"{size} labels" for size in SIZES) + " |"
    yield "|---|" + "---:|" * len(SIZES)
    for name, cells in rows:
        yield f"| {name} | " + " | ".join(cells) + " |"
    yield ""


def _rates(counts: dict[int, Fired], flag: str, *, of_all: bool = False) -> list[str]:
    cells = []
    for size in SIZES:
        row = counts[size]
        n = row.n if of_all else row.judged_on(flag)
        shown = f"{row.of(flag) / n:.{0 if of_all else 1}%}" if n else "–"
        cells.append(shown if row.judged_on(flag) else "–")
    return cells


# Storing


def _between(path: Path, begin: str, end: str, text: str) -> None:
    before = path.read_text(encoding="utf-8")
    pattern = re.compile(f"(?<={re.escape(begin)}\n).*(?={re.escape(end)})", re.DOTALL)
    if not pattern.search(before):
        raise SystemExit(f"expected the lines {begin!r} and {end!r} in {path}.")
    path.write_text(pattern.sub(lambda _: text, before), encoding="utf-8")


def store(counts: dict[str, dict[int, Fired]], seed: int) -> None:
    lines = [f"SEED = {seed}", "COUNTS: dict[str, dict[int, Fired]] = {"]
    for name, by_size in counts.items():
        lines.append(f'    "{name}": {{')
        for size in SIZES:
            row = by_size[size]
            lines.append(
                f"        {size}: Fired({row.n}, {row.any_flag}, {row.fired}, {row.judged}),"
            )
        lines.append("    },")
    _between(MODULE, "# counts begin", "# counts end", "\n".join([*lines, "}", ""]))
    _between(PAGE, "<!-- tables begin -->", "<!-- tables end -->", f"\n{tables(counts)}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument("--write", action="store_true", help="store the counts and the tables")
    parser.add_argument("--stored", action="store_true", help="print the stored tables")
    options = parser.parse_args()
    counts = COUNTS if options.stored else simulate_all(options.seed)
    if options.write:
        store(counts, options.seed)
    print(tables(counts))


if __name__ == "__main__":
    main()
