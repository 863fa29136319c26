"""Details over the panels, and the way from one to its row: the app's actions."""

from __future__ import annotations

from engine.status import Key
from topn_tui.following import whereabouts
from topn_tui.formatting import key
from topn_tui.language import t
from topn_tui.manners import Mannered
from topn_tui.panels import Board
from topn_tui.panels.ledger import Ledger
from topn_tui.screens import DetailScreen


class JumpToRow(Mannered):
    """A detail closes, and the board's cursor stands on the row it was about."""

    def action_panel(self, name: str) -> None:
        """Go to a panel."""
        raise NotImplementedError

    def action_reserve(self) -> None:
        """Show the reserve below the board, or hide it."""
        raise NotImplementedError

    def on_ledger_opened(self, event: Ledger.Opened) -> None:
        self.push_screen(DetailScreen(event.detail), self.jump)

    def jump(self, of: Key | None) -> None:
        """To the row on the board that is drawn, or in its reserve; else say where it is."""
        if of is None:
            return
        board = self.screen_stack[0].query_one(Board)
        status = board.status
        on_board = any(row.key == of for row in status.board)
        if not on_board and not any(row.key == of for row in status.reserve.best):
            where = whereabouts(of, status)
            said = t("{key} is not on the board: {where}", key=key(of), where=where)
            self.notify(said, severity="warning", markup=False)
            return
        if not on_board and not board.show_reserve:
            self.action_reserve()
        self.action_panel("board")
        self.call_after_refresh(board.pick, of)  # once it has its place, so that it can scroll
