"""The jars of Kafka and Canal, and the small class that starts Canal, in the cache."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.stack.cache import build_once, cache_root, fingerprint
from tests.stack.errors import StackError
from tests.stack.programs import require

HERE = Path(__file__).parent
_SOURCES = (
    HERE / "kafka" / "pom.xml",
    HERE / "canal" / "pom.xml",
    HERE / "canal" / "CanalMain.java",
)


def _name() -> str:
    return "jars-" + fingerprint(*(source.read_bytes() for source in _SOURCES))


def are_built() -> bool:
    """Tell whether the jars that this source tree asks for are in the cache."""
    return (cache_root() / _name()).is_dir()


def jar_folder() -> Path:
    """Return the folder with `kafka/`, `canal/` (jars) and `classes/`; build it if it is missing.

    Building needs Maven, a JDK and the network; using it needs none of them.
    """
    return build_once(_name(), _build)


def _build(target: Path) -> None:
    for product in ("kafka", "canal"):
        _copy_dependencies(HERE / product / "pom.xml", target / product)
    _run(
        [
            *(require("javac"), "-d", str(target / "classes")),
            *("-cp", f"{target / 'canal'}/*", str(HERE / "canal" / "CanalMain.java")),
        ]
    )


def _copy_dependencies(pom: Path, target: Path) -> None:
    # A copy of the pom, so that Maven writes nothing into the source tree.
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(pom, folder)
        _run(
            [
                *(require("mvn"), "-q", "-B", "--strict-checksums", "-f", f"{folder}/pom.xml"),
                "dependency:copy-dependencies",
                *("-DincludeScope=runtime", f"-DoutputDirectory={target}"),
            ]
        )


def _run(command: list[str]) -> None:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise StackError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
