"""The file: bounded, private, shared by several engines, never damaged by one that fails."""

from __future__ import annotations

import fcntl
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from engine.adapters import dead_letter_file
from engine.adapters.dead_letter_file import DeadLetterFile
from engine.dead_letter_lines import DeadLetter
from engine.errors import NotKept, ServiceAway, WrongSetting
from tests.dead_letters.letters import kept, letter, offsets

BOUND = 65_536
ROOT = Path(__file__).parents[2]


@pytest.fixture
def file(tmp_path: Path) -> DeadLetterFile:
    return DeadLetterFile(tmp_path / "deep" / "b.jsonl", max_bytes=BOUND)


async def test_letters_are_read_as_they_were_kept(file: DeadLetterFile) -> None:
    assert kept(file) == []
    sent = [letter(1, b"\x00"), letter(2, None), letter(3, b"x" * 9_000)]
    await file.keep(sent[:2])
    await file.keep(sent[2:])
    assert kept(file) == sent


async def test_it_is_for_its_owner_alone_also_after_it_was_rotated(file: DeadLetterFile) -> None:
    await file.keep([letter(i, b"x" * 9_000) for i in range(9)])
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in file.path.parent.iterdir()}
    assert modes == {"b.jsonl": 0o600, "b.jsonl.1": 0o600}
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700


async def test_the_oldest_go_first_and_both_files_keep_to_the_bound(file: DeadLetterFile) -> None:
    for number in range(200):
        await file.keep([letter(number, b"x" * 2_000)])
        found = offsets(file)
        assert sum(path.stat().st_size for path in file.path.parent.iterdir()) <= BOUND
        assert found == list(
            range(number + 1 - len(found), number + 1)
        )  # no gap, the newest is there
    assert sum(
        len(letter.value or b"") for letter in kept(file) if isinstance(letter, DeadLetter)
    ) > (BOUND // 2 * 3 // 4 * 0.8)


async def test_a_message_larger_than_the_bound_is_kept_cut_and_says_so(
    file: DeadLetterFile,
) -> None:
    await file.keep([letter(1, b"y" * 3 * BOUND), letter(2)])
    first, second = kept(file)
    assert isinstance(first, DeadLetter)
    assert first.cut
    assert first.raw_size == 3 * BOUND
    assert len(first.value or b"") > BOUND // 2 * 3 // 4 - 1_000
    assert second == letter(2)
    assert file.path.stat().st_size + file.older.stat().st_size <= BOUND


def keep_many(path: Path, partition: int, count: int, size: int = 100) -> subprocess.Popen[bytes]:
    """A process of its own that keeps so many letters, one call each."""
    program = (
        "import asyncio, sys, pathlib\n"
        "from engine.adapters.dead_letter_file import DeadLetterFile\n"
        "from tests.dead_letters.letters import letter\n"
        "path, partition, count, size = sys.argv[1], *map(int, sys.argv[2:])\n"
        f"file = DeadLetterFile(pathlib.Path(path), max_bytes={BOUND} if size > 100 else 10**7)\n"
        "async def run():\n"
        "    for i in range(count):\n"
        "        await file.keep([letter(i, bytes([partition]) * size, partition=partition)])\n"
        "asyncio.run(run())\n"
    )
    arguments = [str(path), str(partition), str(count), str(size)]
    return subprocess.Popen([sys.executable, "-c", program, *arguments], cwd=ROOT)


def test_two_engines_do_not_damage_each_others_lines(tmp_path: Path) -> None:
    file = DeadLetterFile(tmp_path / "b.jsonl", max_bytes=10**7)
    writers = [keep_many(file.path, partition, 500) for partition in (1, 2)]
    while any(writer.poll() is None for writer in writers):
        offsets(file)  # reads at any moment find whole lines only
    assert [writer.returncode for writer in writers] == [0, 0]
    for partition in (1, 2):
        mine = [
            one for one in kept(file) if isinstance(one, DeadLetter) and one.partition == partition
        ]
        assert [one.offset for one in mine] == list(range(500))
        assert {one.value for one in mine} == {bytes([partition]) * 100}


def test_rotating_beside_another_engine_loses_only_the_oldest(tmp_path: Path) -> None:
    file = DeadLetterFile(tmp_path / "b.jsonl", max_bytes=BOUND)
    writers = [keep_many(file.path, partition, 300, 3_000) for partition in (1, 2)]
    while any(writer.poll() is None for writer in writers):
        for partition in (1, 2):
            mine = [
                one.offset
                for one in kept(file)
                if isinstance(one, DeadLetter) and one.partition == partition
            ]
            assert mine == list(range(mine[0], mine[0] + len(mine))) if mine else True
        assert all(isinstance(one, DeadLetter) for one in kept(file))
    assert [writer.returncode for writer in writers] == [0, 0]
    newest = [one.place for one in kept(file) if isinstance(one, DeadLetter)]
    assert {"p1@299", "p2@299"} & set(newest)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= BOUND


async def test_what_a_killed_writer_left_is_closed_off(file: DeadLetterFile) -> None:
    await file.keep([letter(1)])
    with file.path.open("ab") as torn:
        torn.write(b'{"topic":"t","parti')
    assert kept(file) == [letter(1), "cut off"]
    await file.keep([letter(2)])
    first, damaged, second = kept(file)
    assert (first, second) == (letter(1), letter(2))
    assert str(damaged).startswith("not a dead letter")


def test_a_full_disk_takes_back_half_a_line_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    program = (
        "import asyncio, pathlib, resource, sys\n"
        "from engine.adapters.dead_letter_file import DeadLetterFile\n"
        "from engine.errors import NotKept\n"
        "from tests.dead_letters.letters import letter, offsets\n"
        "file = DeadLetterFile(pathlib.Path(sys.argv[1]), max_bytes=10**6)\n"
        "async def run():\n"
        "    await file.keep([letter(1)])\n"
        "    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, hard))\n"
        "    try:\n"
        "        await file.keep([letter(2), letter(3, b'x' * 5_000), letter(4)])\n"
        "    except NotKept as error:\n"
        "        print(error.lost, error.reason)\n"
        "    print(offsets(file))\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))\n"
        "    await file.keep([letter(5)])\n"
        "    print(offsets(file))\n"
        "asyncio.run(run())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "b.jsonl")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == ("2 File too large\n[1, 2]\n[1, 2, 5]\n", "")


@pytest.mark.parametrize("place", ["/dev/null/b.jsonl", "/proc/b.jsonl", "folder", "pipe", "link"])
async def test_a_place_that_cannot_be_written_is_told_and_never_waited_for(
    tmp_path: Path, place: str
) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    file = DeadLetterFile(tmp_path / place, max_bytes=BOUND)
    with pytest.raises(NotKept, match=r"set dead_letters\.file to another place") as told:
        await file.keep([letter(1), letter(2)])
    assert told.value.lost == 2
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("place", ["folder", "pipe"])
def test_what_is_no_file_cannot_be_read(tmp_path: Path, place: str) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(WrongSetting, match="cannot be read"):
        DeadLetterFile(tmp_path / place, max_bytes=BOUND).read()


async def test_an_engine_that_is_paused_with_the_lock_holds_nobody_up_for_long(
    file: DeadLetterFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letter_file, "LOCK_MS", 50)
    await file.keep([letter(1)])
    with file.path.open("rb") as paused:
        fcntl.flock(paused, fcntl.LOCK_EX)
        with pytest.raises(ServiceAway, match="is locked by another process"):
            await file.keep([letter(2)])
        assert offsets(file) == [1]  # a reader does without
    await file.keep([letter(2)])
    assert offsets(file) == [1, 2]


async def test_a_lock_that_is_held_for_a_moment_is_waited_for(file: DeadLetterFile) -> None:
    await file.keep([letter(1)])
    held = os.open(file.path, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    release = threading.Timer(0.05, os.close, [held])
    release.start()
    await file.keep([letter(2)])
    release.join()
    assert offsets(file) == [1, 2]
