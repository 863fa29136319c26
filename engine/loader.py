"""Runs the queries that the core wants: one at a time, in the background, with backoff."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from engine.backoff import Backoff
from engine.core.loading import Load
from engine.core.topn import TopN
from engine.errors import MissingTable, ServiceAway, TopnError, WrongSetting, WrongShape
from engine.ports import Clock, RowSource, TableReport
from engine.source_watch import SourceWatch
from engine.status import Health
from engine.told import told


class Loader:
    """The table source as the engine uses it.

    Args:
        source: the table.
        clock: time.
        notify: level and sentence for a person.
        described: called with each new report on the table.
    """

    def __init__(
        self,
        source: RowSource,
        clock: Clock,
        *,
        notify: Callable[[str, str], None],
        described: Callable[[TableReport], None],
    ) -> None:
        self._source, self._clock = source, clock
        self._notify, self._described = notify, described
        self._backoff = Backoff(first_ms=500, most_ms=15_000)
        self._task: asyncio.Task[None] | None = None
        self._describe_again = False
        self.watch = SourceWatch(notify)
        """Told what the feed delivers."""
        self.report: TableReport | None = None
        self.health = Health.STARTING
        self.detail: str = told("not connected yet")

    async def describe(self) -> None:
        """Wait until the table can be described.

        Raises:
            WrongSetting: it never can, as the settings are.
        """
        while True:
            try:
                await self._describe()
            except ServiceAway as error:
                self._away(error)
                await self._clock.sleep(self._backoff.next_ms())
            else:
                self._backoff.reset()
                return

    def describe_again(self) -> None:
        """The table was altered: look at it anew before the next query."""
        self._describe_again = True

    def run_if_wanted(self, topn: TopN) -> None:
        """Start the open load's query if it is due and none is running.

        Raises: what an earlier query raised that nobody expected, which would be a bug.
        """
        if self._task is not None and self._task.done():
            task, self._task = self._task, None
            task.result()
        if topn.query_wanted and topn.load is not None and self._task is None:
            # The load is handed over now: a resync may have closed it before the task begins.
            self._task = asyncio.create_task(self._query(topn, topn.load), name="load query")

    async def close(self) -> None:
        """Abandon a running query."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _describe(self) -> None:
        # Before the look, not after it: who asks for another one meanwhile shall have it.
        again, self._describe_again = self._describe_again, False
        try:
            report = await self._source.describe()
        except TopnError:
            self._describe_again = again
            raise
        self.health, self.detail = Health.UP, report.server
        for warning in report.warnings:
            if self.report is None or warning not in self.report.warnings:
                self._notify("warning", warning)
        self.report = report
        self.watch.described(report)
        self._described(report)

    async def _query(self, topn: TopN, load: Load) -> None:
        try:
            if self._describe_again or self.watch.elsewhere:
                # A replica may have fallen behind since the last look.
                await self._describe()
            seen, furthest = self.watch.newest, self.watch.furthest
            answer = await self._source.best_rows(topn.query_limit)
            if problem := self.watch.behind(seen, answer, furthest):
                self._describe_again = True  # perhaps another server answers to that name now
                raise ServiceAway("MySQL", problem)
        except (ServiceAway, WrongSetting) as error:
            reason = self._away(error)
            now_ms = self._clock.monotonic_ms()
            missing = isinstance(error, (MissingTable, WrongShape))
            topn.failed(load, reason, now_ms, retry_in_ms=self._backoff.next_ms(), missing=missing)
            return
        self._backoff.reset()
        self.health, self.detail = Health.UP, self.report.server if self.report else ""
        topn.answered(load, self.watch.believed(answer), self._clock.monotonic_ms())

    def _away(self, error: ServiceAway | WrongSetting) -> str:
        text = error.said if isinstance(error, ServiceAway) else error.told
        if self.detail != text:
            self._notify("warning", told("{service}: {reason}", service="MySQL", reason=text))
        wrong = isinstance(error, WrongSetting)
        self.health, self.detail = (Health.TROUBLED if wrong else Health.AWAY), text
        return text
