"""ISO-2022-JP as mail programs write it.

Python's iso2022_jp codecs refuse the characters of rows 9 to 13 and 89 to 119 (NEC and IBM extensions such as ①, ㈱, 髙) that
Windows and most phones send under that name, and half-width katakana. Here the two-byte sets are turned into code page 932,
which has them all (the arithmetic of JIS X 0208 to Shift_JIS). RFC 1468; the escape sequences are those of ISO 2022.
"""

from __future__ import annotations

import re

_ESCAPE = re.compile(rb"(\x1b\$?\(?[@-JO]|\x1b\$[()][@-O]|\x0e|\x0f)")

_PYTHONS_OWN = {b"\x1b$A": "gb2312", b"\x1b$(C": "euc_kr", b"\x1b$(D": "euc_jp"}
"""Two-byte sets that Python reads when each byte has its high bit set; JIS X 0212 (`$(D`) needs the prefix 8F too."""

_LINE_END = re.compile(rb"[\r\n]")
_TWO_BYTES = {b"\x1b$B", b"\x1b$@", b"\x1b$(B", b"\x1b$(@", b"\x1b$(O", b"\x1b$(Q"}
_KATAKANA = {b"\x1b(I", b"\x0e"}


def decode_iso_2022_jp(data: bytes) -> str:
    """Never raises: what no set knows becomes U+FFFD. Eight-bit bytes are read as code page 932."""
    pieces = _ESCAPE.split(data)
    text = [pieces[0].decode("cp932", "replace")]
    for escape, run in zip(pieces[1::2], pieces[2::2], strict=True):
        text.append(_run(escape, run))
    return "".join(text)


def _run(escape: bytes, run: bytes) -> str:
    if escape in _TWO_BYTES:
        return _two_byte_run(run)
    if escape in _KATAKANA:
        return bytes(byte | 0x80 if 0x21 <= byte <= 0x5F else byte for byte in run).decode("cp932", "replace")
    if other := _PYTHONS_OWN.get(escape):
        return _other_run(run, other, b"\x8f" if other == "euc_jp" else b"")
    return run.decode("cp932", "replace")


def _two_byte_run(run: bytes) -> str:
    """A line end returns to ASCII even where the sender forgot the escape (RFC 1468 demands it; Python's codec does the same)."""
    line_end = _LINE_END.search(run)
    if line_end:
        return _two_byte_run(run[: line_end.start()]) + run[line_end.start() :].decode("cp932", "replace")
    return _shift_jis(run).decode("cp932", "replace")


def _shift_jis(run: bytes) -> bytes:
    shifted = bytearray()
    at = 0
    while at < len(run):
        row = run[at] & 0x7F
        if at + 1 == len(run) or not 0x21 <= row <= 0x7E:
            shifted.append(row)
            at += 1
            continue
        cell = run[at + 1] & 0x7F
        odd = row & 1
        shifted.append((row + 1) // 2 + (0x70 if row <= 0x5E else 0xB0))
        shifted.append(cell + (0x1F if cell <= 0x5F else 0x20) if odd else cell + 0x7E)
        at += 2
    return bytes(shifted)


def _other_run(run: bytes, codec: str, prefix: bytes) -> str:
    high = b"".join(
        prefix + bytes((run[at] | 0x80, run[at + 1] | 0x80)) if run[at] > 0x20 else run[at : at + 2]
        for at in range(0, len(run) - 1, 2)
    )
    return high.decode(codec, "replace")
