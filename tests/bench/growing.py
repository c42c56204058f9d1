"""How time and memory grow with rows, teams and months."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from shutil import rmtree
from statistics import median

from tests.bench.bill import SEED
from tests.bench.ingesting import ingested, measure_other_ways
from tests.bench.measured import Findings, megabytes, seconds, step
from tests.bench.place import EXPORT, Place
from tests.bench.processes import work

FILES, MOST_BYTES = 5, 2.5e9
"""A month of five times the bill's rows, in as many files, and the memory it may take."""
MONTHS, MOST_MONTHS = 13, 1.2
"""A restated month among these costs one month's work: so many times the same without the others, for noise a fifth."""
ROUNDS = 3


def measure_large_month(place: Place, findings: Findings) -> None:
    """The claim about a month that is delivered as several files."""
    folder, rows = place.folder / f"{FILES}-files", FILES * place.rows
    for number in range(1, FILES):
        if not (path := folder / f"part-{number}.parquet").exists():
            step(f"write file {number + 1} of {FILES}")
            place.write(path, seed=SEED + number)
    if not (first := folder / "part-0.parquet").exists():
        first.hardlink_to(place.bill)
    step(f"ingest {rows:,} rows in {FILES} files")
    done = ingested(place, place.begin("large"), folder, rows)
    place.forget("large")
    read = work("read_batches", {}, bill=folder)
    findings.claim(
        f"a month of {rows:,} rows in {FILES} files is taken in: peak memory",
        "< 2.5 GB",
        megabytes(done["memory"]),
        done["memory"] < MOST_BYTES,
    )
    times = done["seconds"] / read["seconds"]
    findings.fact(
        f"ingest of {rows:,} rows in {FILES} files, against pyarrow reading the columns batch by batch",
        f"{seconds(done['seconds'])}, {times:.2f} × ({seconds(read['seconds'])})",
    )
    measure_other_ways(folder, rows, findings)
    rmtree(folder)


def measure_growth(place: Place, findings: Findings) -> None:
    """Time and memory of the ingest by rows and teams, each against pyarrow reading the same bill."""
    rows, teams = place.rows, place.teams
    for count, of_teams in ((rows // 10, teams // 10), (rows // 10, teams // 100), (rows, teams // 10), (rows, teams)):
        sized = place.sized(count, max(1, of_teams))
        step(f"ingest {sized.rows:,} rows of {sized.teams:,} teams")
        done = ingested(sized, sized.begin("growth"), sized.bill, sized.rows)
        read = work("read_batches", {}, bill=sized.bill)["seconds"]
        findings.fact(
            f"growth: ingest of {sized.rows:,} rows of {sized.teams:,} teams, against pyarrow batch by batch",
            f"{seconds(done['seconds'])}, {done['seconds'] / read:.2f} × ({seconds(read)}), "
            f"{megabytes(done['memory'])}; {done['seconds'] / sized.rows * 1e6:.2f} s a million rows",
        )
        if (count, of_teams) == (rows, teams // 10):
            sized.bill.unlink()
    place.forget("growth")
    small = place.sized(rows // 10, teams // 10)
    measure_other_ways(small.bill, small.rows, findings)


def measure_restated_month(place: Place, findings: Findings) -> None:
    """The claim that a month delivered anew costs its own work, however many months there are."""
    bills, new = _months(place)
    newest = bills / f"{place.month}.parquet"
    each = place.rows
    step(f"ingest {MONTHS} months of {each:,} rows")
    many = place.begin("many")
    whole = ingested(place, many, bills, MONTHS * each)["seconds"]
    one = place.begin("one")
    ingested(place, one, newest, each)
    taken: dict[str, list[float]] = {"many": [], "one": []}
    for number in range(ROUNDS):
        # The month goes back and forth between two bills, so that each delivery restates it.
        bill = (new, newest)[number % 2]
        for name, environment in (("many", many), ("one", one)):
            taken[name].append(_restated(place, environment, bill)["seconds"])
    among, alone = median(taken["many"]), median(taken["one"])
    findings.claim(
        f"one restated month among {MONTHS} costs one month's work: its delivery, against the same without the others",
        f"≤ {MOST_MONTHS} × (1, and a fifth for noise)",
        f"{among / alone:.2f} × ({seconds(among)} against {seconds(alone)})",
        among <= MOST_MONTHS * alone,
    )
    # The last round left the month as `new` is; the folder as it was restates it once more.
    again = work("ingest", many, config=place.config, bill=bills, export=EXPORT)
    if again["rows"] != each:
        raise RuntimeError(f"not one month was restated: {again}")
    findings.fact(f"first ingest of the {MONTHS} months, {MONTHS * each:,} rows", seconds(whole))
    findings.fact(
        f"all {MONTHS} files delivered again of which one has changed: {MONTHS - 1} are compared by their checksums",
        seconds(again["seconds"]),
    )
    place.forget("many")
    place.forget("one")
    rmtree(bills)
    new.unlink()


def _months(place: Place) -> tuple[Path, Path]:
    """A folder of the last months' bills, and the last of them as it is restated."""
    bills, new = place.folder / f"months-{place.rows}", place.folder / f"restated-{place.rows}.parquet"
    step(f"write {MONTHS} months of {place.rows:,} rows")
    month = place.month
    for number in range(MONTHS):
        if not (path := bills / f"{month}.parquet").exists():
            place.write(path, month, SEED + number)
        month = month.previous
    if not new.exists():
        place.write(new, seed=SEED + MONTHS)
    return bills, new


def _restated(place: Place, environment: Mapping[str, str], bill: Path) -> dict[str, object]:
    done = ingested(place, environment, bill, place.rows)
    if done["restated"] != [str(place.month)]:
        raise RuntimeError(f"the month was not restated: {done}")
    return done
