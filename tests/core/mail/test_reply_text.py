"""New words, quote and signature of plain text bodies: separators, header blocks, order of quote and answer."""

from __future__ import annotations

import pytest

from mailloom.mail.reply import visible_reply
from mailloom.mail.reply_words_header import ABOVE_WORDS

NEW = "Thanks, that works.\n\nSee you on Friday."
OLD = "the old text\n\nmore of it"

BLOCKS = {
    "english": (
        "From: Ann Example <ann@example.org>\nSent: Thursday, March 12, 2026 10:00 AM\nTo: Bob\nSubject: "
        "Order"
    ),
    "english with date and cc": (
        "From: ann@example.org\nDate: Thu, 12 Mar 2026\nTo: bob@example.org\nCC: sales@example.org\nSubject: "
        "Order"
    ),
    "english in stars": (
        "*From:* Ann Example [mailto:ann@example.org]\n*Sent:* Thursday, March 12, 2026\n*To:* "
        "Bob\n*Subject:* Order"
    ),
    "english in double stars": (
        "**From:** Ann Example\n**Sent:** Thursday, March 12, 2026\n**To:** Bob\n**Subject:** Order"
    ),
    "english, two fields": "From: Ann Example\nSent: Thursday, March 12, 2026 10:00 AM",
    "english, subject first": (
        "Subject: Order\nFrom: ann@example.org\nDate: Thu, 12 Mar 2026 10:00:00 +0100\nTo: bob@example.org"
    ),
    "english, date first": (
        "Date: Thu, 12 Mar 2026 10:00:00 +0100\nFrom: ann@example.org\nTo: bob@example.org\nSubject: Order"
    ),
    "english, blank lines between": "From: Ann\n\nSent: Thursday\n\nTo: Bob\n\nSubject: Order",
    "english, wrapped recipients": (
        "From: Ann\nSent: Thursday\nTo: Bob <bob@example.org>;\n Sales <sales@example.org>;\n Dora "
        "<dora@example.org>\nSubject: Order"
    ),
    "english, on one line": "From: Ann Sent: Thursday 10:00 To: Bob Subject: Order",
    "german": (
        "Von: Ann Example <ann@example.org>\nGesendet: Donnerstag, 12. März 2026 10:00\nAn: Bob\nBetreff: "
        "Bestellung"
    ),
    "german with date": "Von: ann@example.org\nDatum: 12.03.2026\nAn: Bob\nBetreff: Bestellung",
    "french": "De : Ann Example <ann@example.org>\nEnvoyé : jeudi 12 mars 2026 10:00\nÀ : Bob\nObjet : Commande",
    "french, no spaces": "De: Ann\nEnvoyé: jeudi 12 mars 2026\nÀ: Bob\nObjet: Commande",
    "spanish": "De: Ann Example\nEnviado el: jueves, 12 de marzo de 2026 10:00\nPara: Bob\nAsunto: Pedido",
    "italian": "Da: Ann Example\nInviato: giovedì 12 marzo 2026 10:00\nA: Bob\nOggetto: Ordine",
    "portuguese": "De: Ann Example\nEnviada em: quinta-feira, 12 de março de 2026 10:00\nPara: Bob\nAssunto: Pedido",
    "dutch": "Van: Ann Example\nVerzonden: donderdag 12 maart 2026 10:00\nAan: Bob\nOnderwerp: Bestelling",
    "swedish": "Från: Ann Example\nSkickat: den 12 mars 2026 10:00\nTill: Bob\nÄmne: Order",
    "norwegian": "Fra: Ann Example\nSendt: torsdag 12. mars 2026 10.00\nTil: Bob\nEmne: Ordre",
    "danish": "Fra: Ann Example\nDato: 12. marts 2026\nTil: Bob\nEmne: Ordre",
    "finnish": (
        "Lähettäjä: Ann Example\nLähetetty: torstai 12. maaliskuuta 2026 10.00\nVastaanottaja: Bob\nAihe: "
        "Tilaus"
    ),
    "polish": "Od: Ann Example\nWysłano: czwartek, 12 marca 2026 10:00\nDo: Bob\nTemat: Zamówienie",
    "czech": "Od: Ann Example\nOdesláno: čtvrtek 12. března 2026 10:00\nKomu: Bob\nPředmět: Objednávka",
    "slovak": "Od: Ann Example\nOdoslané: štvrtok 12. marca 2026 10:00\nKomu: Bob\nPredmet: Objednávka",
    "hungarian": "Feladó: Ann Example\nElküldve: 2026. március 12. 10:00\nCímzett: Bob\nTárgy: Rendelés",
    "romanian": "De la: Ann Example\nTrimis: joi, 12 martie 2026 10:00\nCătre: Bob\nSubiect: Comandă",
    "bulgarian": "От: Ann Example\nИзпратено: 12 март 2026 10:00\nДо: Bob\nОтносно: Поръчка",
    "russian": "От: Ann Example\nОтправлено: 12 марта 2026 10:00\nКому: Bob\nТема: Заказ",
    "ukrainian": "Від: Ann Example\nНадіслано: 12 березня 2026 10:00\nКому: Bob\nТема: Замовлення",
    "greek": "Από: Ann Example\nΣτάλθηκε: Πέμπτη 12 Μαρτίου 2026 10:00\nΠρος: Bob\nΘέμα: Παραγγελία",
    "turkish": "Kimden: Ann Example\nGönderildi: 12 Mart 2026 Perşembe 10:00\nKime: Bob\nKonu: Sipariş",
    "arabic": "من: Ann Example\nتاريخ الإرسال: 12 مارس 2026\nإلى: Bob\nالموضوع: طلب",
    "hebrew": "מאת: Ann Example\nנשלח: 12 מרץ 2026\nאל: Bob\nנושא: הזמנה",
    "japanese": "差出人: Ann Example\n送信日時: 2026年3月12日 10:00\n宛先: Bob\n件名: 注文",
    "chinese": "发件人: Ann Example\n发送时间: 2026年3月12日 10:00\n收件人: Bob\n主题: 订单",
    "chinese, wide colons": "发件人：Ann Example\n发送时间：2026年3月12日 10:00\n收件人：Bob\n主题：订单",
    "chinese, traditional": "寄件者: Ann Example\n寄件日期: 2026年3月12日\n收件者: Bob\n主旨: 訂單",
    "korean": "보낸 사람: Ann Example\n보낸 날짜: 2026년 3월 12일\n받는 사람: Bob\n제목: 주문",
    "vietnamese": "Từ: Ann Example\nĐã gửi: 12 Tháng Ba 2026\nĐến: Bob\nChủ đề: Đơn hàng",
    "thai": "จาก: Ann Example\nส่ง: 12 มีนาคม 2026\nถึง: Bob\nเรื่อง: สั่งซื้อ",
    "indonesian": "Dari: Ann Example\nDikirim: 12 Maret 2026\nKepada: Bob\nSubjek: Pesanan",
    "estonian": "Saatja: Ann Example\nSaadetud: 12. märts 2026\nAdressaat: Bob\nTeema: Tellimus",
    "croatian": "Šalje: Ann Example\nPoslano: 12. ožujka 2026\nPrima: Bob\nPredmet: Narudžba",
    "catalan": "De: Ann Example\nEnviat el: 12 de març de 2026\nPer a: Bob\nAssumpte: Comanda",
}  # fmt: skip

SEPARATORS = {
    "outlook": "-----Original Message-----",
    "spaced": "----- Original Message -----",
    "lower case": "-----original message-----",
    "samsung": "-------- Original message --------",
    "samsung, german": "-------- Ursprüngliche Nachricht --------",
    "german": "-----Ursprüngliche Nachricht-----",
    "german, other": "--- Originalnachricht ---",
    "french": "-----Message d'origine-----",
    "french, curly": "-----Message d’origine-----",
    "spanish": "-----Mensaje original-----",
    "portuguese": "-----Mensagem original-----",
    "italian": "-----Messaggio originale-----",
    "dutch": "-----Oorspronkelijk bericht-----",
    "swedish": "-----Ursprungligt meddelande-----",
    "norwegian": "-----Opprinnelig melding-----",
    "danish": "-----Oprindelig meddelelse-----",
    "finnish": "-----Alkuperäinen viesti-----",
    "polish": "-----Oryginalna wiadomość-----",
    "czech": "-----Původní zpráva-----",
    "slovak": "-----Pôvodná správa-----",
    "hungarian": "-----Eredeti üzenet-----",
    "romanian": "-----Mesaj original-----",
    "russian": "-----Исходное сообщение-----",
    "greek": "-----Αρχικό μήνυμα-----",
    "turkish": "-----Orijinal Mesaj-----",
    "arabic": "-----الرسالة الأصلية-----",
    "japanese": "-----元のメッセージ-----",
    "chinese, qq": "------------------ 原始邮件 ------------------",
    "korean": "-----원본 메시지-----",
    "forwarded, gmail": "---------- Forwarded message ---------",
    "forwarded, apple": "Begin forwarded message:",
    "forwarded, german": "Anfang der weitergeleiteten Nachricht:",
    "forwarded, french": "Début du message transféré :",
    "replied message": "---- Replied Message ----",
    "reply above, desk": "##- Please type your reply above this line -##",
    "reply above, dashes": "-- Please reply above this line --",
    "reply above, german": "--- Bitte antworten Sie oberhalb dieser Linie ---",
    "reply above, french": "--- Répondez au-dessus de cette ligne ---",
    "reply above, spanish": "##- Por favor, escriba su respuesta por encima de esta línea -##",
    "do not write below": "*** Please do not write below this line ***",
}


@pytest.mark.parametrize("words", ABOVE_WORDS, ids=" ".join)
def test_every_way_to_ask_for_an_answer_above_is_found_in_a_letter(words: tuple[str, ...]) -> None:
    assert visible_reply(plain=f"{NEW}\n\n## {' '.join(words)} ##\n\n{OLD}").text == NEW


@pytest.mark.parametrize("block", [pytest.param(block, id=name) for name, block in BLOCKS.items()])
@pytest.mark.parametrize(
    "above", ["", "________________________________\n", "-----Original Message-----\n", "\n* * *\n\n"]
)
def test_header_block_begins_the_quote(block: str, above: str) -> None:
    reply = visible_reply(plain=f"{NEW}\n\n{above}{block}\n\n{OLD}")
    assert reply.text == NEW
    assert reply.quote.endswith(OLD)


@pytest.mark.parametrize("separator", [pytest.param(line, id=name) for name, line in SEPARATORS.items()])
def test_separator_begins_the_quote(separator: str) -> None:
    reply = visible_reply(plain=f"{NEW}\n\n{separator}\n{BLOCKS['english']}\n\n{OLD}")
    assert reply.text == NEW
    assert reply.quote.startswith(separator)


@pytest.mark.parametrize("separator", [pytest.param(line, id=name) for name, line in SEPARATORS.items()])
def test_separator_without_header_block_begins_the_quote(separator: str) -> None:
    assert visible_reply(plain=f"{NEW}\n\n{separator}\n\n{OLD}").text == NEW


@pytest.mark.parametrize(
    ("plain", "text", "rule"),
    [
        pytest.param("Just this.", "Just this.", "", id="nothing but new words"),
        pytest.param("", "", "", id="empty"),
        pytest.param("  \n\n ", "", "", id="white space"),
        pytest.param("Yes.\n\n> one\n> two\n", "Yes.", "quote marks", id="marks without attribution"),
        pytest.param("Yes.\n>one\n>two", "Yes.", "quote marks", id="marks without space and blank line"),
        pytest.param("Ann wrote:\n> one\n> two\n\nAnswer.", "Answer.", "bottom-posted, attribution", id="answer below"),
        pytest.param("Top.\n\nAnn wrote:\n> one\n\nBelow.", "Top.\n\nBelow.", "bottom-posted, attribution", id="above and below"),
        pytest.param("> one\n\nAnswer.", "> one\n\nAnswer.", "interleaved", id="cited line stays with its answer"),
        pytest.param(
            "On 12 Mar 2026, at 10:00, Ann wrote:\n> one?\nFirst.\n\n> two?\nSecond.\n\n> three, unanswered",
            "On 12 Mar 2026, at 10:00, Ann wrote:\n> one?\nFirst.\n\n> two?\nSecond.",
            "interleaved, quote marks",
            id="answers between",
        ),
        pytest.param("Hi\n\n>From here on it is mine\nalone.", "Hi\n\n>From here on it is mine\nalone.", "", id="escaped From"),
        pytest.param(
            "Yes.\n\nAnn wrote:\n> a line that is so long that some mail program had to break it somewhere near\nits end\n> next",
            "Yes.",
            "attribution",
            id="overflow of a marked line is no answer",
        ),
        pytest.param("> only\n> quoted", "> only\n> quoted", "", id="marks alone are shown"),
        pytest.param("On 12 Mar 2026, at 10:00, Ann wrote:\n> old\n", "", "attribution", id="reply without a word"),
        pytest.param("Title\n=====\n\nWords of it.", "Title\n=====\n\nWords of it.", "", id="underlined heading"),
        pytest.param("One part.\n\n-----\n\nAnother part that is long. It has sentences. It goes on and on and says things.",
                     "One part.\n\n-----\n\nAnother part that is long. It has sentences. It goes on and on and says things.", "", id="parts"),
        pytest.param("Name: Bob\nSubject: Order 5\nPlease send.", "Name: Bob\nSubject: Order 5\nPlease send.", "", id="form"),
        pytest.param("a -- b\nuse --force\n-x\n- item", "a -- b\nuse --force\n-x\n- item", "", id="dashes in the text"),
        pytest.param("##- Please type your reply above this line -##\n\nYour ticket 5 was updated.", "Your ticket 5 was updated.",
                     "reply above", id="notification that asks to reply above"),
    ],
)  # fmt: skip
def test_order_of_new_and_old(plain: str, text: str, rule: str) -> None:
    reply = visible_reply(plain=plain)
    assert reply.text == text
    assert reply.rule == rule


@pytest.mark.parametrize(
    "head",
    [
        pytest.param("---------- Forwarded message ---------\n" + BLOCKS["english"], id="gmail"),
        pytest.param(
            "Begin forwarded message:\n\n> From: Ann\n> Date: 12 Mar 2026\n> Subject: Order\n>", id="apple, marked"
        ),
        pytest.param("-------- Weitergeleitete Nachricht --------\n" + BLOCKS["german"], id="thunderbird"),
        pytest.param(BLOCKS["english"], id="outlook"),
        pytest.param("Sent from my iPhone\n\nBegin forwarded message:\n\n" + BLOCKS["english"], id="phone"),
    ],
)
def test_forward_without_new_words_shows_what_is_forwarded(head: str) -> None:
    reply = visible_reply(
        plain=f"{head}\n> \n> the forwarded words" if ">" in head else f"{head}\n\nthe forwarded words"
    )
    assert "the forwarded words" in reply.text
    assert "Sent from my" not in reply.text
    assert "forward" in reply.rule


def test_lotus_notes_block_without_colons_begins_the_quote() -> None:
    old = "Ann Example/Org\n12.03.2026 10:00\n\nTo\nBob/Org@Org\ncc\n\nSubject\nOrder\n\nold words"
    assert "old words" not in visible_reply(plain=f"{NEW}\n\n{old}").text


def test_line_ends_make_no_difference() -> None:
    plain = f"{NEW}\n\n{BLOCKS['german']}\n\n{OLD}\n"
    assert visible_reply(plain=plain.replace("\n", "\r\n")) == visible_reply(plain=plain)
    assert visible_reply(plain=plain.replace("\n", "\r")) == visible_reply(plain=plain)


def test_of_an_endless_body_the_beginning_is_judged_and_the_rest_shown() -> None:
    beginning = "New words\n\nOn Mon, 2 Mar 2026 at 09:00, Bob <bob@example.org> wrote:\n> old\n"
    endless = beginning + "> older words\n" * 60_000
    assert visible_reply(plain=endless, html="<div>" * 1_000_000).text.startswith("New words")
    assert visible_reply(plain="x " * 500_000).text.count("x") == 500_000
