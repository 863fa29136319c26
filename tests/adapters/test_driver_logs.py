"""A driver's log: rate-limited, off the terminal, without DEBUG."""

import logging

import pytest

from engine.adapters.driver_logs import RateLimit, tame_driver_log


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def record(message: str, *args: object) -> logging.LogRecord:
    return logging.LogRecord("driver", logging.ERROR, __file__, 1, message, args, None)


def test_one_of_a_kind_in_ten_seconds_and_the_rest_is_counted() -> None:
    clock = Time()
    limit = RateLimit(every_s=10, monotonic=clock)
    assert limit.filter(record("cannot reach %s", "a"))
    assert not any(limit.filter(record("cannot reach %s", name)) for name in "abc")
    assert limit.filter(record("something else"))
    clock.now = 10
    again = record("cannot reach %s", "d")
    assert limit.filter(again)
    assert again.getMessage() == "cannot reach d (3 more like this were not written)"


def test_it_remembers_a_bounded_number_of_kinds() -> None:
    limit = RateLimit(monotonic=Time())
    for n in range(10_000):
        limit.filter(record(f"message {n}"))
    assert len(limit._passed_at) <= 500


@pytest.fixture
def driver(fresh_name: str) -> logging.Logger:
    """Of its own for each test: pytest adds handlers to loggers that it finds cut off."""
    return logging.getLogger(fresh_name)


def test_it_goes_where_ours_goes(driver: logging.Logger, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        tame_driver_log(driver.name, into="engine.adapters.a", secretive=[f"{driver.name}.child"])
    logging.getLogger(f"{driver.name}.child").error("once")
    driver.setLevel(logging.DEBUG)
    logging.getLogger(f"{driver.name}.child").debug("password=%s", "secret")
    assert [r.getMessage() for r in caplog.records] == ["once"]


def test_without_a_listener_nothing_reaches_the_terminal(
    driver: logging.Logger, capfd: pytest.CaptureFixture[str]
) -> None:
    tame_driver_log(driver.name, into="engine.adapters.a")
    root = logging.getLogger()
    handlers, root.handlers = root.handlers, []
    try:
        logging.getLogger(driver.name).error("not for the terminal")
    finally:
        root.handlers = handlers
    assert capfd.readouterr() == ("", "")
