"""Providers that mean something else than others by the same words."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mailloom.mail.report import Reason, classify

_TABLE = (
    (
        "gmail-smtp-in.l.google.com",
        "550-5.1.1 The email account that you tried to reach does not exist",
        Reason.USER_UNKNOWN,
    ),
    ("gmail-smtp-in.l.google.com", "552-5.2.2 The recipient's inbox is out of storage space", Reason.MAILBOX_FULL),
    ("gmail-smtp-in.l.google.com", "550 5.2.1 The email account that you tried to reach is disabled", Reason.SUSPEND),
    (
        "gmail-smtp-in.l.google.com",
        "550-5.7.26 Unauthenticated email from example.net is not accepted due to DMARC",
        Reason.AUTH_FAILURE,
    ),
    ("gmail-smtp-in.l.google.com", "550 5.7.27 SPF did not pass", Reason.AUTH_FAILURE),
    ("gmail-smtp-in.l.google.com", "550-5.7.25 The IP address does not have a PTR record", Reason.REQUIRE_PTR),
    (
        "gmail-smtp-in.l.google.com",
        "550-5.7.1 Our system has detected that this message is likely unsolicited mail",
        Reason.SPAM_DETECTED,
    ),
    (
        "gmail-smtp-in.l.google.com",
        "421-4.7.28 Our system has detected an unusual rate of unsolicited mail",
        Reason.SPEEDING,
    ),
    ("gmail-smtp-in.l.google.com", "550-5.7.1 This message is not RFC 5322 compliant", Reason.NOT_COMPLIANT),
    (
        "example-org.mail.protection.outlook.com",
        "550 5.4.1 Recipient address rejected: Access denied",
        Reason.USER_UNKNOWN,
    ),
    (
        "example-org.mail.protection.outlook.com",
        "550 5.7.64 TenantAttribution; Relay Access Denied",
        Reason.NO_RELAYING,
    ),
    (
        "example-org.mail.protection.outlook.com",
        "550 5.7.606 Access denied, banned sending IP [192.0.2.1]",
        Reason.BLOCKED,
    ),
    (
        "example-org.mail.protection.outlook.com",
        "550 5.7.124 sender not in allowed-senders list",
        Reason.SECURITY_ERROR,
    ),
    ("example-org.mail.protection.outlook.com", "550 5.4.310 DNS domain does not exist", Reason.HOST_UNKNOWN),
    (
        "hotmail-com.olc.protection.outlook.com",
        "550 5.7.515 Access denied, sending domain does not meet the required authentication level",
        Reason.AUTH_FAILURE,
    ),
    (
        "hotmail-com.olc.protection.outlook.com",
        "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302).",
        Reason.USER_UNKNOWN,
    ),
    (
        "hotmail-com.olc.protection.outlook.com",
        "550 5.7.1 part of their network is on our block list (S3140)",
        Reason.BLOCKED,
    ),
    ("mta5.am0.yahoodns.net", "554 delivery error: dd This user doesn't have a yahoo.com account", Reason.USER_UNKNOWN),
    (
        "mta5.am0.yahoodns.net",
        "554 delivery error: dd Sorry, your message cannot be delivered. This mailbox is disabled (554.30).",
        Reason.SUSPEND,
    ),
    ("mta5.am0.yahoodns.net", "553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.1", Reason.BLOCKED),
    ("mta5.am0.yahoodns.net", "554 5.7.9 Message not accepted for policy reasons", Reason.POLICY_VIOLATION),
    (
        "mx01.mail.icloud.com",
        "554 5.7.1 Your message was rejected due to example.net's DMARC policy",
        Reason.AUTH_FAILURE,
    ),
    ("mx01.mail.icloud.com", "550 5.7.1 [CS01] Message rejected due to local policy", Reason.POLICY_VIOLATION),
    ("mx01.mail.icloud.com", "550 5.1.1 <ann@icloud.com>: inactive email address", Reason.USER_UNKNOWN),
    ("mx.west.cox.net", "554 cox.net CXBL Your IP is blocked", Reason.BLOCKED),
    ("mx.west.cox.net", "421 cox.net cxthrt limited to 20 connections", Reason.SPEEDING),
    ("smtp.secureserver.net", "550 5.1.1 Recipient not found. IB108", Reason.USER_UNKNOWN),
    ("smtp.secureserver.net", "554 IB105 Your IP is blocked by an RBL", Reason.BLOCKED),
    ("mx1.qq.com", "550 Mailbox not found", Reason.USER_UNKNOWN),
    ("mx1.qq.com", "550 Domain frequency limited", Reason.SPEEDING),
    ("mx1.qq.com", "550 Mail content denied", Reason.SPAM_DETECTED),
    ("pkvw-mx.msg.pkvw.co.charter.net", "554 192.0.2.1 blocked AUP#In-1310", Reason.BLOCKED),
    ("eu-smtp-inbound-1.mimecast.com", "550 Local CT IP Reputation - (reject)", Reason.BAD_REPUTATION),
    (
        "eu-smtp-inbound-1.mimecast.com",
        "550 csi.mimecast.org Poor Reputation Sender. - envelope blocked",
        Reason.BLOCKED,
    ),
    ("eu-smtp-inbound-1.mimecast.com", "550 SPF Sender Invalid - envelope rejected", Reason.AUTH_FAILURE),
    ("mx.zoho.com", "550 5.1.1 mailbox not found", Reason.USER_UNKNOWN),
    ("route1.mx.cloudflare.net", "421 4.3.0 Upstream error, please check the documentation", Reason.SYSTEM_ERROR),
    ("lsean.ezweb.ne.jp", "550 <ann@ezweb.ne.jp>: User unknown", Reason.USER_UNKNOWN),
    ("lsean.ezweb.ne.jp", "550 : User unknown", Reason.FILTERED),
    ("mfsmax.docomo.ne.jp", "550 Unknown user ann@docomo.ne.jp", Reason.FILTERED),
    ("mx.softbank.ne.jp", "550 Invalid recipient: <ann@softbank.ne.jp>", Reason.USER_UNKNOWN),
    ("smtpin.vvv.facebook.com", "550 5.1.1 RCP-P1 recipient address does not exist", Reason.USER_UNKNOWN),
    ("smtpin.vvv.facebook.com", "554 5.7.1 POL-P4 message rejected", Reason.SPAM_DETECTED),
    ("d1.ess.barracudanetworks.com", "550 Blocked by Barracuda Reputation Blocklist", Reason.BLOCKED),
    ("mx1.example.pphosted.com", "554 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.1", Reason.BLOCKED),
    (
        "mxs.mail.ru",
        "550 Message was not accepted -- invalid mailbox. Local mailbox ann@mail.ru is unavailable: user not found",
        Reason.USER_UNKNOWN,
    ),
    ("mxs.mail.ru", "550 spam message rejected", Reason.SPAM_DETECTED),
    ("mx.yandex.ru", "554 5.7.1 Message rejected under suspicion of SPAM", Reason.SPAM_DETECTED),
    ("mx00.emig.gmx.net", "554-Bad DNS PTR resource record", Reason.REQUIRE_PTR),
    ("mx00.emig.gmx.net", "550 Requested action not taken: mailbox unavailable", Reason.USER_UNKNOWN),
    (
        "mx00.t-online.de",
        "554 IP=192.0.2.1 - A problem occurred. Ask your postmaster for help or to contact tosa@rx.t-online.de",
        Reason.BLOCKED,
    ),
    ("smtp-in.orange.fr", "550 5.1.1 Adresse d au moins un destinataire invalide. OFR_416 [416]", Reason.USER_UNKNOWN),
    ("smtp-in.orange.fr", "421 Service refuse. Veuillez essayer plus tard. OFR_999 [999]", Reason.BLOCKED),
    ("smtpz4.laposte.net", "552 5.2.2 Boite du destinataire pleine. LPN007_417", Reason.MAILBOX_FULL),
    ("mx1.free.fr", "550 5.1.1 user unknown (UserSearch)", Reason.USER_UNKNOWN),
    ("mx1.comcast.net", "550 5.1.1 Not our Customer", Reason.USER_UNKNOWN),
    ("mx1.comcast.net", "554 Comcast BL000001 Blocked for spam", Reason.BLOCKED),
    ("al-ip4-mx-vip1.prodigy.net", "553 5.3.0 flpd575 DNSBL:RBL 521 blocked by abuse", Reason.BLOCKED),
    ("inbound.att.net", "550 5.7.1 Connections not accepted from servers without reverse DNS", Reason.REQUIRE_PTR),
    ("mx1.emailsrvr.com", "554 5.7.1 ACL dns_rbl; Client host blocked (G15)", Reason.BLOCKED),
    ("mx.uol.com.br", "550 Conta invalida", Reason.USER_UNKNOWN),
    ("smtp.sendgrid.net", "550 Unauthenticated senders not allowed", Reason.SECURITY_ERROR),
    ("email-smtp.us-east-1.amazonaws.com", "554 Message rejected: Email address is not verified.", Reason.NO_RELAYING),
    ("cluster1.us.messagelabs.com", "550 Invalid recipient <ann@example.org> (#5.1.1)", Reason.USER_UNKNOWN),
    ("mx.163.com", "554 DT:SPM 163 mx1,see http://mail.163.com/help", Reason.SPAM_DETECTED),
)


@pytest.mark.parametrize(
    ("host", "saying", "reason"), [pytest.param(*row, id=f"{row[0]}: {row[1][:60]}") for row in _TABLE]
)
def test_a_provider_is_read_in_its_own_dialect(
    host: str, saying: str, reason: Reason, notification: Callable[..., bytes]
) -> None:
    (event,) = classify(notification(saying, host=host)).events
    assert event.reason is reason, event.rule
    assert event.remote_mta == host


def test_the_mail_domain_tells_the_provider_where_no_host_is_named(notification: Callable[..., bytes]) -> None:
    raw = notification("550 Unknown user ann@docomo.ne.jp", host="192.0.2.1", recipient="ann@docomo.ne.jp")
    (event,) = classify(raw).events
    assert event.reason is Reason.FILTERED


def test_a_host_that_only_looks_like_a_provider_is_none(notification: Callable[..., bytes]) -> None:
    (event,) = classify(notification("550 : User unknown", host="docomo.ne.jp.example.org")).events
    assert event.reason is Reason.USER_UNKNOWN
