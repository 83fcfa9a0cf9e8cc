"""Bytes of many messages read at once come out as they went in, whatever they are."""

from __future__ import annotations

import pytest

from mailloom.store.blobs import keep_blobs
from mailloom.store.carrying import contents_of_blobs, sizes_of_blobs

CONTENTS = [
    pytest.param([b"plain\r\n"], id="one"),
    pytest.param([b""], id="only an empty one"),
    pytest.param([b"a\x00b\x00", b"", b"\x00", b"\xff\xfe\x80 not UTF-8", bytes(range(256))], id="any bytes"),
    pytest.param(["Grüße \N{SNOWMAN}".encode(), b"\xe2\x98", b"\x83 torn apart"], id="UTF-8, whole and torn"),
    pytest.param([b"%d\r\n" % n * n for n in range(300)], id="many of different lengths"),
]


@pytest.mark.parametrize("contents", CONTENTS)
def test_contents_come_out_as_they_were_kept(database, now, contents):
    with database.write() as session:
        digests = keep_blobs(session, contents, now)
    with database.read() as session:
        assert contents_of_blobs(session, digests) == dict(zip(digests, contents, strict=True))
        assert sizes_of_blobs(session, digests) == dict(zip(digests, map(len, contents), strict=True))


def test_bytes_that_are_gone_are_left_out(database, now):
    with database.write() as session:
        [digest] = keep_blobs(session, [b"here"], now)
    with database.read() as session:
        assert contents_of_blobs(session, [digest, "0" * 64]) == {digest: b"here"}
        assert sizes_of_blobs(session, [digest, "0" * 64]) == {digest: 4}
        assert contents_of_blobs(session, ["0" * 64]) == {}
        assert contents_of_blobs(session, []) == {}
