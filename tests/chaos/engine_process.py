"""The product's own command line, whose headless lines also have the board that is in memory."""

from __future__ import annotations

import topn_tui.headless
from topn_tui import cli

_Headless = topn_tui.headless.Headless


class WithBoard(_Headless):
    def _line(self, fields: dict[str, object]) -> None:
        board = [(row.key, row.score, *row.columns) for row in self._engine.status.board]
        super()._line(fields | {"board": board})


if __name__ == "__main__":
    topn_tui.headless.Headless = WithBoard  # type: ignore[misc]  # read by the command when it runs
    cli.main()
