"""TLS settings into a context, with errors that name the file."""

from __future__ import annotations

import ssl
from pathlib import Path

from engine.errors import WrongSetting
from engine.told import told


class _Context(ssl.SSLContext):
    """A context that can ask for another name than that of the host it dials."""

    server_name: str | None = None

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """What asyncio, and so each of our drivers, makes a connection's TLS with."""
        name = self.server_name or server_hostname
        return super().wrap_bio(incoming, outgoing, server_side, name, session)


def tls_context(
    service: str,
    *,
    ca_file: str | None = None,
    cert_file: str | None = None,
    key_file: str | None = None,
    check_hostname: bool = True,
    server_name: str | None = None,
) -> ssl.SSLContext:
    """A client context that always verifies the server's certificate.

    Args:
        service: for the messages: ``Kafka``.
        ca_file: PEM file of the authorities to trust; None: those of the system.
        cert_file, key_file: our own certificate, where the service asks for one. The key may be in
            the certificate's file.
        check_hostname: False where the certificate is made for another name than the one we dial,
            and it does not matter which.
        server_name: the name in the certificate; None: that of the host we dial.

    Raises:
        WrongSetting: a file is missing, unreadable or not what it should be.
    """
    for path in (ca_file, cert_file, key_file):
        if path is not None and not Path(path).is_file():
            raise WrongSetting(
                told(
                    "{service} TLS: there is no file {path}; correct the setting",
                    service=service,
                    path=path,
                )
            )
    if key_file is not None and cert_file is None:
        raise WrongSetting(
            told("{service} TLS: a key file without a certificate file; set both", service=service)
        )
    context = _Context(ssl.PROTOCOL_TLS_CLIENT)
    context.server_name = server_name
    try:
        if ca_file is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(ca_file)
    except ssl.SSLError as e:
        raise WrongSetting(
            told(
                "{service} TLS: {ca_file} holds no PEM certificates",
                service=service,
                ca_file=ca_file,
            )
        ) from e
    except OSError as e:
        raise WrongSetting(
            told(
                "{service} TLS: {ca_file} cannot be read: {reason}",
                service=service,
                ca_file=ca_file,
                reason=e.strerror,
            )
        ) from e
    context.check_hostname = check_hostname
    if cert_file is not None:
        _load_own(service, context, cert_file, key_file)
    return context


def _load_own(service: str, context: ssl.SSLContext, cert_file: str, key_file: str | None) -> None:
    try:
        # An empty password: a key that needs one must not make OpenSSL ask on the terminal.
        context.load_cert_chain(cert_file, key_file, password="")
    except ssl.SSLError as e:
        where = cert_file if key_file is None else f"{cert_file} and {key_file}"
        raise WrongSetting(
            told(
                "{service} TLS: {where} are not a certificate and its unencrypted key in PEM form",
                service=service,
                where=where,
            )
        ) from e
    except OSError as e:
        raise WrongSetting(
            told(
                "{service} TLS: {cert_file} cannot be read: {reason}",
                service=service,
                cert_file=cert_file,
                reason=e.strerror,
            )
        ) from e
