"""Signatures, device lines, disclaimers, list footers and warning banners are reported apart."""

from __future__ import annotations

import pytest

from mailloom.mail.reply import visible_reply
from mailloom.mail.reply_signature import is_sent_line

NEW = "Thanks, that works.\n\nRegards\nAnn"
QUOTE = "\n\nOn Mar 12, 2026, at 10:00, Bob <bob@example.org> wrote:\n\n> old\n"

SENT = [
    "Sent from my iPhone", "Sent from my iPad", "Sent from my Android device",
    "Sent from my BlackBerry 10 smartphone.", "Sent from my Samsung Galaxy smartphone.",
    "Sent from my Verizon Wireless BlackBerry", "Sent from my mobile", "Sent from my phone, please excuse typos",
    "Sent from Yahoo Mail on Android", "Sent from Mail for Windows 10",
    "Sent from Outlook", "Sent from Outlook for iOS", "Get Outlook for iOS",
    "Get Outlook for Android<https://example.org/x>", "Sent with Proton Mail secure email.", "Sent via Superhuman",
    "Sent from ProtonMail mobile", "Sent from my XT1032", "<Sent from my Nokia>", "--Sent from my iPhone--",
    "Von meinem iPhone gesendet", "Gesendet von Mail für Windows 10",
    "Gesendet von meinem Samsung Galaxy Smartphone.", "Von meinem Samsung Galaxy Smartphone gesendet.",
    "Von Outlook für iOS gesendet", "Envoyé de mon iPhone", "Envoyé depuis mon appareil Galaxy",
    "Envoyé à partir de Outlook pour Android", "Enviado desde mi iPhone", "Enviado do meu iPhone",
    "Enviado do Yahoo Mail no Android", "Inviato da iPhone", "Inviato dal mio Galaxy",
    "Verzonden vanaf mijn iPhone", "Verstuurd vanaf mijn iPhone", "Skickat från min iPhone", "Sendt fra min iPhone",
    "Lähetetty iPhonesta", "Wysłane z iPhone'a", "Odesláno z iPhonu",
    "Odoslané z iPhonu", "Trimis de pe iPhone-ul meu", "Изпратено от моя iPhone", "Отправлено с iPhone",
    "Отправлено из мобильной Почты Mail.ru", "Надіслано з iPhone", "Στάλθηκε από το iPhone μου",
    "iPhone'umdan gönderildi", "أُرسلت من الـ iPhone", "נשלח מה-iPhone שלי", "iPhoneから送信", "发自我的iPhone",
    "发自我的 iPhone", "從我的 iPhone 傳送", "나의 iPhone에서 보냄",
    "Đã gửi từ iPhone của tôi", "Dikirim dari iPhone saya", "ส่งจาก iPhone ของฉัน", "Poslano s mog iPhonea",
    "Enviat des del meu iPhone",
]  # fmt: skip

SIGNATURES = {
    "standard": "-- \nAnn Example\nExample Ltd.\n+43 1 234567",
    "without space": "--\nAnn Example\nExample Ltd.",
    "dash": "—\nAnn Example",
    "underscores": "__\nAnn Example",
    "long rule and contact": "____________________\nAnn Example\nann@example.org\nTel. +43 1 234 567 89",
    "stars": "**********\nAnn Example, sales\nhttps://example.org",
    "dashed name": "-Ann",
    "two dashes and name": "-- Ann Example",
    "mailing list": (
        "_______________________________________________\nusers mailing "
        "list\nusers@lists.example.org\nhttps://lists.example.org/mailman/listinfo/users"
    ),
    "google group": (
        "-- \nYou received this message because you are subscribed to the Google Groups \"users\" group.\nTo "
        "unsubscribe from this group, send mail."
    ),
    "tracker": "---\nReply to this email directly or view it on GitHub:\nhttps://github.example.org/1",
    "english disclaimer": (
        "This e-mail and any attachments are confidential and intended solely for the addressee. If you have "
        "received it in error, please delete it and notify the sender."
    ),
    "english notice": (
        "CONFIDENTIALITY NOTICE: The contents of this email message and any attachments are intended solely "
        "for the addressee(s) and may contain confidential and/or privileged information."
    ),
    "german disclaimer": (
        "Diese E-Mail enthält vertrauliche und/oder rechtlich geschützte Informationen. Wenn Sie nicht der "
        "richtige Adressat sind, informieren Sie bitte den Absender und vernichten Sie diese Mail."
    ),
    "french disclaimer": (
        "Ce message et toutes les pièces jointes sont confidentiels et établis à l'attention exclusive de "
        "leurs destinataires. Toute diffusion non autorisée est interdite."
    ),
    "spanish disclaimer": (
        "Este mensaje es confidencial y va dirigido exclusivamente a su destinatario. Si lo ha recibido por "
        "error, elimínelo y avise al remitente."
    ),
    "italian disclaimer": (
        "Le informazioni contenute in questa comunicazione sono riservate e destinate esclusivamente al "
        "destinatario. Se ricevuta per errore va cancellata."
    ),
    "environment": "Please consider the environment before printing this e-mail.",
    "virus scanner": (
        "This email has been checked for viruses by Avast antivirus "
        "software.\nhttps://www.avast.com/antivirus"
    ),
    "device line and disclaimer": (
        "Sent from my iPhone\n\nThis message is confidential and intended only for the addressee. Please "
        "delete it if you are not the intended recipient."
    ),
}  # fmt: skip

BANNERS = {
    "caution": (
        "CAUTION: This email originated from outside of the organization. Do not click links or open "
        "attachments unless you recognize the sender and know the content is safe."
    ),
    "caution, wrapped": (
        "CAUTION: This email originated from outside of the organization. Do not\nclick links or open "
        "attachments unless you recognize the sender and know\nthe content is safe."
    ),
    "tag": "[EXTERNAL]",
    "tag with words": "[EXTERNAL EMAIL] DO NOT CLICK links or attachments unless you recognize the sender.",
    "stars": "*** EXTERNAL EMAIL ***",
    "warning": (
        "WARNING: This message was sent from outside the company. Please do not click links or open "
        "attachments unless you know the sender."
    ),
    "first contact": "You don't often get email from ann@example.org. Learn why this is important",
    "first contact, others": (
        "Some people who received this message don't often get email from ann@example.org. Learn why this is "
        "important"
    ),
    "german": "ACHTUNG: Diese E-Mail stammt von außerhalb der Organisation. Klicken Sie nicht auf Links.",
    "german, external": "[EXTERN] Externer Absender: bitte keine Links oder Anhänge öffnen.",
    "french": "ATTENTION : ce courriel provient de l'extérieur de l'organisation.",
    "spanish": "PRECAUCIÓN: este correo se ha enviado desde fuera de la organización.",
    "portuguese": "ATENÇÃO: este e-mail foi enviado de fora da organização. Não clique em links.",
    "italian": "ATTENZIONE: questa email proviene da un mittente esterno.",
    "dutch": "LET OP: deze e-mail komt van buiten de organisatie.",
    "boxed": "----------\nExternal email: use caution with links\n----------",
}  # fmt: skip


@pytest.mark.parametrize("line", SENT)
@pytest.mark.parametrize("below", ["", QUOTE], ids=["at the end", "before the quote"])
def test_device_line_is_signature(line: str, below: str) -> None:
    reply = visible_reply(plain=f"{NEW}\n\n{line}{below}")
    assert reply.text == NEW
    assert line in reply.signature


@pytest.mark.parametrize("line", SENT[:8])
def test_device_line_right_below_the_words_is_signature(line: str) -> None:
    assert visible_reply(plain=f"{NEW}\n{line}").text == NEW


@pytest.mark.parametrize(
    "text",
    [
        "Sent from my desk, is much easier than my mobile phone.",
        "Sent on Monday",
        "Ich habe es gestern mit dem Programm von Ann verschickt.",
        "Enviado por correo ayer, ¿lo has visto? Lo necesito para la reunión del lunes con todos los demás.",
        "使用说明在附件里",
        "From my point of view this is fine",
        "From my phone I cannot open it.",
        "Von meinem iPhone aus kann ich das nicht öffnen.",
        "Habe es per Outlook gesendet",
        "Sent with Outlook, but it bounced back to me again.",
        "使用手机登录失败",
        "Please remove me from the mailing list.",
        "I want to unsubscribe from this group",
        "The document was scanned by our team.",
        "Although we tried to delete and print it, the problem with our distribution and the virus scanner remains.",
        "This email should not print",
        "--force",
    ],
)
def test_sentences_are_no_device_lines(text: str) -> None:
    assert not is_sent_line(text)
    assert visible_reply(plain=f"Hello,\n\n{text}").text == f"Hello,\n\n{text}"


@pytest.mark.parametrize("signature", [pytest.param(text, id=name) for name, text in SIGNATURES.items()])
@pytest.mark.parametrize("below", ["", QUOTE], ids=["at the end", "before the quote"])
def test_signature_is_apart(signature: str, below: str) -> None:
    reply = visible_reply(plain=f"{NEW}\n\n{signature}{below}")
    assert reply.text == NEW
    assert reply.signature.split() == signature.split()


@pytest.mark.parametrize("signature", [pytest.param(text, id=name) for name, text in SIGNATURES.items()])
def test_signature_below_the_quote_is_no_answer(signature: str) -> None:
    reply = visible_reply(plain=f"{NEW}{QUOTE}\n{signature}")
    assert reply.text == NEW


NARROW = "\n"
# Without a blank line, a banner that ends like any other words cannot be told from what follows.
BANNERS_WITH_GAPS = [
    pytest.param(text, gap, id=f"{name}, {'no ' if gap == NARROW else ''}blank line")
    for name, text in BANNERS.items()
    for gap in ("\n\n", NARROW)
    if gap != NARROW or text.endswith((".", "]", "*"))
]


@pytest.mark.parametrize(("banner", "gap"), BANNERS_WITH_GAPS)
def test_warning_banner_is_apart(banner: str, gap: str) -> None:
    reply = visible_reply(plain=f"{banner}{gap}{NEW}{QUOTE}")
    assert reply.text == NEW
    assert "banner" in reply.rule


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Warning: the pump is hot.\n\nCall us.", id="own warning"),
        pytest.param("This email is about the external wall.\n\nCall us.", id="external wall"),
        pytest.param("External costs are 5 EUR.\n\nCall us.", id="external costs"),
        pytest.param("Confidential, but true: she is leaving.\n\nAnn", id="confidential news"),
        pytest.param("Hello\n\nRegards,\nAnn Example\nExample Ltd.", id="closing without delimiter"),
    ],
)
def test_own_words_are_kept(text: str) -> None:
    assert visible_reply(plain=text).text == text


@pytest.mark.parametrize(
    ("plain", "text"),
    [
        pytest.param("-- \nAnn Example", "-- \nAnn Example", id="signature alone is shown"),
        pytest.param("Sent from my iPhone", "", id="device line alone is nothing new"),
        pytest.param("CAUTION: email from outside of the organization.", "CAUTION: email from outside of the organization.", id="banner alone"),
    ],
)  # fmt: skip
def test_mail_of_nothing_else(plain: str, text: str) -> None:
    assert visible_reply(plain=plain).text.split() == text.split()
