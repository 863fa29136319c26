"""A certificate authority for tests, made with the openssl program."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.stack.errors import StackError
from tests.stack.programs import require

_VALID_DAYS = "7"


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority that clients can be told to trust."""

    certificate: Path
    """PEM; what a client needs (`cafile`)."""
    key: Path

    def issue(self, stem: Path, *, hosts: tuple[str, ...]) -> None:
        """Write `STEM.key`, `STEM.pem` (certificate) and `STEM.keystore.pem` (both, and the chain).

        The certificate is for `hosts`: names or addresses.
        """
        key, certificate = stem.with_suffix(".key"), stem.with_suffix(".pem")
        names = ",".join(f"{'IP' if host[0].isdigit() else 'DNS'}:{host}" for host in hosts)
        _openssl(
            *("req", "-x509", "-new", "-nodes", "-newkey", "ec", "-pkeyopt"),
            *("ec_paramgen_curve:prime256v1", "-subj", f"/CN={hosts[0]}", "-days", _VALID_DAYS),
            *("-CA", str(self.certificate), "-CAkey", str(self.key)),
            *("-addext", f"subjectAltName={names}", "-addext", "basicConstraints=CA:FALSE"),
            *("-keyout", str(key), "-out", str(certificate)),
        )
        key.chmod(0o600)
        keystore = stem.with_suffix(".keystore.pem")
        keystore.touch(mode=0o600)
        keystore.write_text(
            key.read_text() + certificate.read_text() + self.certificate.read_text()
        )


def make_ca(directory: Path, name: str = "topn-tui test authority") -> Authority:
    """Make a new authority with its files in `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    authority = Authority(certificate=directory / "ca.pem", key=directory / "ca.key")
    _openssl(
        *("req", "-x509", "-new", "-nodes", "-newkey", "ec", "-pkeyopt"),
        *("ec_paramgen_curve:prime256v1", "-subj", f"/CN={name}", "-days", _VALID_DAYS),
        *("-addext", "keyUsage=critical,keyCertSign,cRLSign"),
        *("-keyout", str(authority.key), "-out", str(authority.certificate)),
    )
    authority.key.chmod(0o600)
    return authority


def _openssl(*arguments: str) -> None:
    done = subprocess.run(
        [require("openssl"), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise StackError(f"openssl {arguments[0]} failed: {done.stderr}")
