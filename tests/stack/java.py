"""What the two Java services share."""

from tests.stack.errors import StackIncomplete
from tests.stack.programs import java


def java_command(*, heap_mb: int) -> list[str]:
    """Return the start of a command line for a small JVM that starts quickly."""
    program = java()
    if program is None:
        raise StackIncomplete("java 17 or later is missing: run `python -m tests.stack install`")
    return [
        *(str(program), "-Xms32m", f"-Xmx{heap_mb}m"),
        # One small heap, a short life: no parallel collector, no second compiler.
        *("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
        "-XX:-UsePerfData",  # else it leaves a file in the temporary folder when killed
        *("-Dfile.encoding=UTF-8", "-Djava.awt.headless=true"),
    ]
