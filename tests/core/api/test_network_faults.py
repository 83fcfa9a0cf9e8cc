"""Errors of sockets and TLS in plain language."""

from __future__ import annotations

import errno
import socket
import ssl

import pytest

from mailloom.api.accounts import Security
from mailloom.api.network_faults import Place, explain_network
from mailloom.errors import ConfigurationError, TemporaryFailure

PLAIN = Place(host="mail.example.org", port=587, security=Security.STARTTLS)
TLS = Place(host="mail.example.org", port=465, security=Security.TLS)


def tls_error(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, f"[SSL: {reason}] something (_ssl.c:1)")
    error.reason = reason
    return error


def certificate_error(code: int, words: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, f"certificate verify failed: {words}")
    error.verify_code, error.verify_message = code, words
    return error


@pytest.mark.parametrize(
    ("error", "meaning", "temporary"),
    [
        pytest.param(socket.gaierror(socket.EAI_NONAME, "Name unknown"), "does not exist", True, id="no such name"),
        pytest.param(socket.gaierror(socket.EAI_AGAIN, "Try again"), "name server", True, id="no name server"),
        pytest.param(ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "nothing listens", True, id="refused"),
        pytest.param(OSError(errno.ENETUNREACH, "unreachable"), "no way", True, id="no network"),
        pytest.param(OSError(errno.EHOSTUNREACH, "unreachable"), "cannot be reached", True, id="no host"),
        pytest.param(TimeoutError("timed out"), "in time", True, id="time-out"),
        pytest.param(ssl.SSLZeroReturnError("closed"), "TLS failed", True, id="TLS closed"),
        pytest.param(TimeoutError("The read operation timed out"), "in time", True, id="TLS time-out"),
        pytest.param(ConnectionResetError("closed"), "closed the connection", True, id="closed, no number"),
        pytest.param(ConnectionResetError(errno.ECONNRESET, "reset"), "closed the connection", True, id="reset"),
        pytest.param(BrokenPipeError(errno.EPIPE, "pipe"), "closed the connection", True, id="pipe"),
        pytest.param(OSError(errno.EMFILE, "too many"), "too many files", True, id="files"),
        pytest.param(OSError(errno.EIO, "odd"), "failed", True, id="something else"),
        pytest.param(ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), "during the TLS", True, id="TLS EOF"),
        pytest.param(tls_error("WRONG_VERSION_NUMBER"), "plain text", False, id="plain port"),
        pytest.param(tls_error("UNSUPPORTED_PROTOCOL"), "older than 1.2", True, id="old TLS"),
        pytest.param(tls_error("TLSV13_ALERT_CERTIFICATE_REQUIRED"), "client certificate", False, id="wants ours"),
        pytest.param(tls_error("SSLV3_ALERT_HANDSHAKE_FAILURE"), "cipher", True, id="no cipher"),
        pytest.param(tls_error("SOMETHING_NEW"), "TLS failed", True, id="other TLS"),
        pytest.param(certificate_error(10, "certificate has expired"), "expired", True, id="expired"),
        pytest.param(certificate_error(9, "not yet valid"), "not valid yet", True, id="too early"),
        pytest.param(certificate_error(18, "self-signed certificate"), "self-signed", False, id="self-signed"),
        pytest.param(certificate_error(20, "unable to get local issuer"), "issuer", False, id="unknown issuer"),
        pytest.param(certificate_error(62, "Hostname mismatch"), "another name", False, id="name"),
        pytest.param(certificate_error(99, "something"), "not accepted", False, id="other certificate"),
        pytest.param(ValueError("odd"), "failed", True, id="no socket error"),
    ],
)
def test_each_error_has_words_a_meaning_and_a_remedy(error: Exception, meaning: str, temporary: bool) -> None:
    fault = explain_network(error, TLS)
    assert meaning in fault.meaning
    assert fault.words
    assert fault.remedy
    raised = fault.error()
    assert isinstance(raised, TemporaryFailure if temporary else ConfigurationError)
    assert str(raised).startswith("mail.example.org:465: ")


def test_silence_on_a_plain_port_hints_at_tls() -> None:
    assert "choose TLS" in explain_network(TimeoutError(), PLAIN).remedy
    assert "choose TLS" not in explain_network(TimeoutError(), TLS).remedy
