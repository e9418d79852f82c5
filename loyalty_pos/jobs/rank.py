"""Once a local day: what each member buys next, by the code of ``habits rank`` on the shop's own lines.

The lines before the local midnight go into a file, are ranked there, and come back part by part; the ranked file
stays in the data folder until all of it is written, so that a night that was cut off goes on with the same answer.
Needs the extra ``analysis``: without it this job alone says so.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from loyalty_pos import insight
from loyalty_pos.errors import Refused
from loyalty_pos.jobs.summary import Summary, Tell, silent
from loyalty_pos.services import ranking
from loyalty_pos.services.context import Services
from loyalty_pos.services.ranking import Overtaken, Turn
from loyalty_pos.storage.ranking import Item

THREADS, MEMORY = 1, "1GB"
"""Of the engine: the tills sell meanwhile."""
EXPORTED, RANKED = 15, 85
"""Of 100 parts of the work: when the lines are out, when they are ranked."""


def run(services: Services, tell: Tell = silent) -> Summary:
    """Rank every member, unless it was done today; how many places were written now.

    Unavailable (``extra_missing``) without the extra ``analysis``.
    """
    insight.need("analysis")
    work = _Work(services, tell)
    return Summary("rank", work.done() if work.turn else 0)


class _Work:
    """One turn: the lease follows the work."""

    def __init__(self, services: Services, tell: Tell) -> None:
        self.services, self.tell = services, tell
        self.turn: Turn | None = ranking.take_turn(services)

    def done(self) -> int:
        """Do what is left; how many places were written."""
        try:
            return self._rank()
        except Overtaken:
            return 0
        except BaseException:
            self._move(ranking.leave)
            raise

    def _rank(self) -> int:
        assert self.turn is not None
        ranked = self._file(self.turn)
        if ranked is None or not ranked.exists():
            try:
                ranked = self._find()
            except Refused as error:
                if error.code != "lines_none":
                    raise
                ranking.finish(self.services, self.turn)
                return 0
        written = self._write(ranked)
        ranking.finish(self.services, self.turn)
        ranked.unlink(missing_ok=True)
        self.tell(100, 100)
        return written

    def _find(self) -> Path:
        """Rank; the file of the answer, whose model is kept."""
        from loyalty_pos.insight import files
        from loyalty_pos.insight.rank import Job, ranked

        assert self.turn is not None
        services, cut = self.services, self.turn.terms.cut
        with tempfile.TemporaryDirectory(prefix="loyalty-pos-") as scratch:
            folder = Path(scratch)
            job = Job(
                lines=folder / "lines.parquet", members=folder / "members.parquet", out=self._folder() / "new.parquet",
                cut=ranking.midnight(services, cut), top=ranking.TOP, language=None, measure=True,
                threads=THREADS, memory=MEMORY,
            )  # fmt: skip
            assert job.members is not None
            files.write(job.lines, files.LINES, ranking.lines(services, cut, self._heard(0, EXPORTED)))
            files.write(job.members, files.MEMBERS, ranking.people(services, cut))
            heard = self._heard(EXPORTED, RANKED)
            figures, model = ranked(job, lambda part: heard(part, 100))
        self.turn = ranking.begin(services, self.turn, {
            "kind": model.kind, "lines": figures["lines"], "learned_from": model.learned_from,
            "weights": model.weights, "quality": model.quality,
        })  # fmt: skip
        found = self._file(self.turn)
        assert found is not None
        job.out.replace(found)
        return found

    def _write(self, ranked: Path) -> int:
        from loyalty_pos.insight import files

        assert self.turn is not None
        start, total = self.turn.done_to, files.count(ranked)
        tell = self._heard(RANKED, 100, renew=False)
        for block in files.read(ranked, start, ranking.PART):
            self.turn = ranking.put(self.services, self.turn, [_item(row) for row in block])
            tell(self.turn.done_to, total)
        return self.turn.done_to - start

    def _heard(self, first: int, last: int, renew: bool = True) -> Tell:
        """Tells a part of the work as a part of the whole, and keeps the lease."""

        def tell(done: int, total: int) -> None:
            if renew:
                self._move(ranking.renew)
            self.tell(first + (last - first) * done // max(total, 1), 100)

        return tell

    def _move(self, how: Callable[[Services, Turn], Turn | None]) -> None:
        assert self.turn is not None
        self.turn = how(self.services, self.turn) or self.turn

    def _folder(self) -> Path:
        folder = Path(self.services.data_folder) / "ranking"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _file(self, turn: Turn) -> Path | None:
        """Where the answer of this turn's model lies, or None before there is one."""
        return None if turn.terms.model is None else self._folder() / f"{turn.terms.model}.parquet"


def _item(row: dict[str, Any]) -> Item:
    return Item(
        int(row["member"]), row["rank"], row["sku"], row["score"], row["chance"],
        row["why"], row["gap"], row["ago"], row["percent"], row["home"],
    )  # fmt: skip
