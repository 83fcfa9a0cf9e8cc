"""The words of header blocks and separators that mail programs put above an old message, by language: tables only.

The block is what Outlook, Notes, Yahoo and phones write instead of "X wrote": four or so fields of RFC 5322 §3.6 in the reader's
language. All entries are case-folded.
"""

from __future__ import annotations

from enum import Enum


class Field(Enum):
    """The header fields that such a block repeats."""

    FROM = "From"
    DATE = "Date"
    TO = "To"
    CC = "Cc"
    SUBJECT = "Subject"
    OTHER = "Other"


# fmt: off
FIELD_WORDS: dict[Field, tuple[str, ...]] = {
    Field.FROM: (
        "from", "von", "de", "da", "dal", "van", "fra", "från", "frá", "lähettäjä", "od", "odesílatel",
        "odosielateľ", "feladó", "küldő", "de la", "expeditor", "от", "від", "от кого", "відправник", "отправитель",
        "од", "από", "kimden", "gönderen", "من", "מאת", "از", "فرستنده", "द्वारा", "प्रेषक", "จาก", "từ", "người gửi",
        "dari", "差出人", "送信者", "送信元", "发件人", "寄件人", "寄件者", "發件人", "发送人", "보낸 사람",
        "보낸사람", "발신", "발신자", "saatja", "no", "nuo", "šalje", "pošiljatelj", "prima od", "nork", "igorlea",
        "remitente", "remetente", "expéditeur", "expediteur", "mittente", "absender", "afzender", "avsändare",
        "avsender", "afsender", "nadawca", "sūtītājs", "siuntėjas", "remitent", "de parte de", "pengirim",
        "daripada", "mula kay", "nga", "kimdən", "sendandi", "afzender (van)", "ó", "oddělení",
    ),
    Field.DATE: (
        "sent", "date", "gesendet", "datum", "gesendet am", "envoyé", "envoye", "envoyé le", "date d'envoi",
        "enviado", "enviado el", "enviado em", "enviada", "enviada em", "enviadas", "enviadas em", "enviados",
        "enviat", "odeslano", "odoslane", "wyslano", "gonderildi", "lahetetty", "fecha", "data", "inviato",
        "data invio", "verzonden", "verstuurd", "skickat", "sendt", "dato", "lähetetty", "päivämäärä", "päiväys",
        "pvm", "wysłano", "wysłane", "odesláno", "odoslané", "poslané", "dátum", "elküldve", "küldve",
        "küldés dátuma", "trimis", "trimisă", "dată", "изпратено", "изпратен", "дата", "отправлено", "дата отправки",
        "надіслано", "відправлено", "послато", "датум", "στάλθηκε", "ημερομηνία", "gönderildi", "gönderme tarihi",
        "gönderilme tarihi", "tarih", "تاريخ الإرسال", "التاريخ", "تم الإرسال", "الإرسال", "تاريخ", "تاریخ",
        "ارسال شده", "נשלח", "תאריך", "भेजा गया", "दिनांक", "ส่ง", "วันที่", "เมื่อ", "đã gửi", "ngày", "ngày gửi",
        "gửi", "dikirim", "tanggal", "terkirim", "送信日時", "日時", "日付", "送信日", "发送时间", "发送日期",
        "日期", "寄件日期", "傳送時間", "發送時間", "时间", "時間", "보낸 날짜", "날짜", "보낸날짜", "보냄",
        "보낸 시간", "일시", "saadetud", "kuupäev", "nosūtīts", "datums", "išsiųsta", "poslano", "posláno",
        "enviat el", "bidalia", "bidaltze-data", "sent at", "sent on", "dihantar", "tarikh", "skickat den", "vreme",
        "göndərilib", "sendt den", "dagsetning", "date/heure", "date sent", "verzonden op", "versendet",
        "verschickt", "data/hora", "created", "when",
    ),
    Field.TO: (
        "to", "an", "à", "a", "para", "aan", "til", "till", "vastaanottaja", "bis", "cimzett", "alici", "adressaat",
        "adresat", "do", "komu", "címzett", "pre", "către", "catre", "la", "до", "кому", "за", "прима", "προς",
        "kime", "alıcı", "إلى", "الى", "אל", "به", "गर", "प्रति", "प्राप्तकर्ता", "ถึง", "đến", "tới", "kepada", "ke",
        "宛先", "収件人", "收件人", "收件者", "받는 사람", "받는사람", "수신", "수신자", "saaja", "kellele", "kam",
        "kam:", "adresāts", "kas", "kam skirta", "za", "prima", "per a", "nori", "hartzailea", "destinataire",
        "destinatario", "destinatário", "empfänger", "ontvanger", "mottagare", "mottaker", "modtager", "odbiorca",
        "adresát", "destinatari", "untuk", "kimə", "recipient", "recipients", "destinatar", "til:", "gavėjas",
        "saņēmējs", "primatelj", "prejemnik", "para:", "sent to",
    ),
    Field.CC: (
        "cc", "kopie", "kopie (cc)", "copie", "copie à", "copia", "cópia", "kopi", "kopia", "kopio", "dw",
        "do wiadomości", "másolatot kap", "másolat", "копия", "копія", "копие", "κοιν.", "κοινοποίηση", "bilgi",
        "نسخة", "عناية", "נסחה", "העתק", "عطف", "رونوشت", "สำเนา", "สำเนาถึง", "đồng gửi", "tembusan", "抄送",
        "副本", "副本抄送", "참조", "koopia", "kopija", "kópia", "kk", "amb còpia", "bcc", "cci", "cco", "ccn",
        "密送", "숨은 참조", "в копии", "kopia do", "kopija:", "skrytá kopie",
    ),
    Field.SUBJECT: (
        "subject", "betreff", "betr.", "objet", "sujet", "asunto", "assunto", "oggetto", "onderwerp", "ämne", "amne",
        "predmět", "targy", "předmet", "emne", "aihe", "temat", "předmět", "predmet", "tárgy", "subiect", "тема",
        "относно", "наслов", "предмет", "θέμα", "konu", "الموضوع", "موضوع", "נושא", "הנדון", "विषय", "เรื่อง",
        "ชื่อเรื่อง", "หัวเรื่อง", "chủ đề", "tiêu đề", "subjek", "perihal", "subyek", "judul", "件名", "主题", "主旨",
        "主題", "标题", "標題", "제목", "teema", "pealkiri", "tēma", "temats", "tema", "assumpte", "gaia", "efni",
        "zadeva", "naslov", "subjekt", "re", "mövzu", "paksa", "subjecte", "onderwerp (subject)", "perkara",
        "titolo", "titre",
    ),
    Field.OTHER: (
        "reply-to", "reply to", "antwort an", "répondre à", "responder a", "rispondi a", "responder para",
        "antwoord aan", "organization", "importance", "wichtigkeit", "priority", "priorität", "attachments",
        "anlagen", "pièces jointes", "attachment", "message-id", "adjuntos", "anexos", "allegati", "bijlagen",
        "bilagor", "vedlegg", "priorité", "prioridad", "prioridade", "sensitivity", "sender", "organisation",
        "newsgroups", "x-mailer", "return-path", "list-id", "envelope-to", "mime-version", "content-type",
        "user-agent", "precedence", "antwort bis", "categories", "cópia oculta", "odpowiedz do", "ответить", "回复",
        "附件", "重要度", "添付ファイル", "중요도", "첨부", "on behalf of", "resent-from",
    ),
}

# What stands between dashes above the old message.
ORIGINAL_WORDS: tuple[str, ...] = (
    "original message", "original email", "original e-mail", "original mail", "original", "reply message",
    "replied message", "in reply to", "message history", "reply separator", "orig. message",
    "original message follows", "originalmessage", "end of original message", "original appointment",
    "previous message", "ursprüngliche nachricht", "urspruengliche nachricht", "originalnachricht",
    "original-nachricht", "original nachricht", "ursprüngliche mail", "ursprüngliche e-mail", "originale nachricht",
    "originalmail", "ursprünglicher termin", "antwort-nachricht", "message d'origine", "message d’origine",
    "message original", "message initial", "mail original", "courriel original", "e-mail d'origine",
    "message transféré d'origine", "message original envoyé", "mensaje original", "mensaje de origen",
    "correo original", "mensagem original", "msg original", "mensagem de origem", "email original",
    "mensaje anterior", "missatge original", "jatorrizko mezua", "mensaxe orixinal", "messaggio originale",
    "messaggio di origine", "messaggio originario", "email originale", "da messaggio originale",
    "oorspronkelijk bericht", "oorspronkelijk e-mailbericht", "origineel bericht", "oorspronkelijke bericht",
    "oorspronkelijke e-mail", "ursprungligt meddelande", "originalmeddelande", "ursprungsmeddelande",
    "opprinnelig melding", "opprinnelig epost", "originalmelding", "opprinnelig e-post", "oprindelig meddelelse",
    "oprindelig besked", "original meddelelse", "original besked", "oprindelig mail", "alkuperäinen viesti",
    "oryginalna wiadomość", "wiadomość oryginalna", "wiadomość pierwotna", "treść oryginalnej wiadomości",
    "oryginał wiadomości", "původní zpráva", "původní e-mail", "původná správa", "pôvodná správa",
    "originálna správa", "originální zpráva", "eredeti üzenet", "eredeti levél", "mesaj original",
    "mesajul original", "mesajul initial", "mesajul inițial", "mesaj inițial", "исходное сообщение",
    "оригинальное сообщение", "исходное письмо", "пересылаемое сообщение", "первоначальное сообщение",
    "оригинално съобщение", "първоначално съобщение", "оригінальне повідомлення", "вихідне повідомлення",
    "початкове повідомлення", "оригинална порука", "originalna poruka", "izvorna poruka", "originalno sporočilo",
    "izvirno sporočilo", "prvotno sporočilo", "αρχικό μήνυμα", "πρωτότυπο μήνυμα", "αρχικο μηνυμα", "orijinal mesaj",
    "orjinal mesaj", "özgün ileti", "asıl mesaj", "orijinal ileti", "özgün mesaj", "الرسالة الأصلية",
    "الرسالة الاصلية", "رسالة أصلية", "پیام اصلی", "הודעה מקורית", "ההודעה המקורית", "मूल संदेश", "ข้อความต้นฉบับ",
    "ข้อความเดิม", "tin nhắn gốc", "thư gốc", "thông điệp gốc", "pesan asli", "pesan awal", "mesej asal",
    "元のメッセージ", "オリジナル メッセージ", "オリジナルメッセージ", "original message / 元のメッセージ",
    "原始邮件", "原邮件", "原始郵件", "原始信件", "邮件原件", "邮件原文", "原件", "回复的原邮件", "原文",
    "원본 메시지", "원본 메일", "원본메시지", "원본메일", "original message (원본)", "algne kiri", "algne sõnum",
    "originaalsõnum", "oriģinālais ziņojums", "sākotnējais ziņojums", "originalus laiškas", "pradinis pranešimas",
    "originali žinutė", "upprunaleg skilaboð", "upphafleg skilaboð", "回复的邮件", "回复邮件", "転送元",
    "replied email",
)

FORWARD_WORDS: tuple[str, ...] = (
    "forwarded message", "forwarded by", "forwarded mail", "forwarded email", "begin forwarded message",
    "forwarded letter", "begin forward message", "start of forwarded message", "forwarded message follows", "fwd",
    "fw", "forward message", "start forwarded message", "weitergeleitete nachricht",
    "anfang der weitergeleiteten nachricht", "anfang der weitergeleiteten e-mail", "weitergeleitet von",
    "weitergeleitete mail", "weitergeleitete e-mail", "message transféré", "message transmis",
    "début du message transféré", "début du message réexpédié", "message réexpédié", "transféré par",
    "courriel transféré", "mensaje reenviado", "inicio del mensaje reenviado", "reenviado por",
    "mensagem encaminhada", "mensagem reencaminhada", "início da mensagem reenviada",
    "início da mensagem encaminhada", "inicio da mensagem encaminhada", "missatge reenviat",
    "inici del missatge reenviat", "birbidalitako mezua", "mensaxe reenviada", "messaggio inoltrato",
    "inizio messaggio inoltrato", "inoltrato da", "doorgestuurd bericht", "begin doorgestuurd bericht",
    "doorgezonden bericht", "doorgestuurd door", "vidarebefordrat meddelande", "vidarebefordrat brev",
    "vidarebefordrat mejl", "videresendt melding", "videresendt meddelelse", "videresendt besked",
    "start på videresendt besked", "videresendt e-post", "videresendt meddelande",
    "begynnelse på videresendt melding", "edelleenlähetetty viesti", "välitetty viesti", "välitetty viesti alkaa",
    "lähetetty edelleen", "wiadomość przekazana", "początek przekazanej wiadomości", "przekazana wiadomość",
    "treść przekazanej wiadomości", "przekazane przez", "přeposlaná zpráva", "začátek přeposílané zprávy",
    "přeposlaný e-mail", "preposlaná správa", "začiatok preposlanej správy", "továbbított üzenet",
    "továbbított levél", "továbbított levél eleje", "mesaj redirecționat", "mesaj redirectionat", "mesaj retransmis",
    "începutul mesajului redirecționat", "mesaj transmis mai departe", "пересланное сообщение",
    "пересылаемое сообщение", "начало переадресованного сообщения", "начало пересланного сообщения",
    "перенаправленное сообщение", "пересланное письмо", "препратено съобщение", "препратено писмо",
    "переслане повідомлення", "початок листа, який пересилається", "перенаправлене повідомлення",
    "прослеђена порука", "proslijeđena poruka", "prosleđena poruka", "posredovano sporočilo", "προωθημένο μήνυμα",
    "έναρξη προωθημένου μηνύματος", "προωθημενο μηνυμα", "iletilen mesaj", "yönlendirilen mesaj", "iletilmiş mesaj",
    "iletilen ileti", "رسالة معاد توجيهها", "الرسالة المعاد توجيهها", "بداية الرسالة المعاد توجيهها", "رسالة محولة",
    "پیام بازارسال شده", "הודעה שהועברה", "הודעה מועברת", "अग्रेषित संदेश", "ข้อความที่ส่งต่อ", "ข้อความส่งต่อ",
    "tin nhắn đã chuyển tiếp", "thư đã chuyển tiếp", "pesan terusan", "pesan yang diteruskan",
    "mesej yang dimajukan", "転送されたメッセージ", "転送メッセージ", "転送されたメール", "転送", "转发的邮件",
    "转发邮件", "已转发邮件", "轉寄郵件", "轉寄的郵件", "轉寄訊息", "转发邮件信息", "下面是被转发的邮件",
    "以下是轉寄的郵件", "以下为转发邮件", "전달된 메시지", "전달된 메일", "전달한 메일", "전달 메시지",
    "edastatud kiri", "edastatud sõnum", "pārsūtīts ziņojums", "pārsūtītais ziņojums", "persiųstas laiškas",
    "persiųsta žinutė", "framsend skilaboð", "áframsend skilaboð",
)

# A line that asks to answer above it: every word group of one entry must occur in the line.
ABOVE_WORDS: tuple[tuple[str, ...], ...] = (
    ("above this line",), ("reply above",), ("respond above",), ("above the line",), ("reply below this line",),
    ("do not write below",), ("don't write below",), ("do not reply below",), ("do not edit below",),
    ("please do not modify", "below"), ("write above",), ("type above",), ("comment above",), ("above this text",),
    ("do not type below",), ("text below this line", "ignored"), ("above here",), ("reply", "above this email"),
    ("reply on top of this",), ("do not delete this line",), ("oberhalb dieser", "antwort"),
    ("oberhalb dieser", "schreiben"), ("über dieser zeile",), ("über diese zeile",), ("oberhalb dieser zeile",),
    ("oberhalb dieser linie",), ("über dieser linie",), ("unterhalb dieser zeile",), ("au-dessus de cette ligne",),
    ("au dessus de cette ligne",), ("ci-dessus cette ligne",), ("en dessous de cette ligne",),
    ("au-dessus de cette", "répon"), ("encima de esta línea",), ("arriba de esta línea",), ("sobre esta línea",),
    ("por encima de esta",), ("encima de esta linea",), ("arriba de esta linea",), ("acima desta linha",),
    ("acima dessa linha",), ("por cima desta linha",), ("sopra questa riga",), ("sopra a questa riga",),
    ("sopra questa linea",), ("al di sopra di questa",), ("boven deze regel",), ("boven deze lijn",),
    ("ovanför den här raden",), ("ovanför denna rad",), ("ovanför raden",), ("ovanför linjen",),
    ("over denne linje",), ("over denne linjen",), ("ovenfor denne linj",), ("over linjen",),
    ("tämän rivin yläpuolelle",), ("tämän viivan yläpuolelle",), ("powyżej tej linii",), ("nad tą linią",),
    ("nad tento řádek",), ("nad tímto řádkem",), ("nad týmto riadkom",), ("nad tento riadok",), ("e sor felett",),
    ("a vonal fölé",), ("e fölé a sor fölé",), ("ezen sor fölé",), ("deasupra acestei linii",), ("deasupra liniei",),
    ("выше этой линии",), ("выше этой строки",), ("над этой чертой",), ("над этой линией",), ("над этой строкой",),
    ("над този ред",), ("над цим рядком",), ("вище цієї лінії",), ("вище цього рядка",),
    ("πάνω από αυτή τη γραμμή",), ("πάνω από αυτήν τη γραμμή",), ("bu satırın üstüne",), ("bu satırın üzerine",),
    ("bu çizginin üzerine",), ("فوق هذا السطر",), ("أعلى هذا السطر",), ("أعلى هذا الخط",), ("מעל שורה זו",),
    ("מעל השורה הזו",), ("מעל קו זה",), ("この行より上",), ("この線より上",), ("この行の上",), ("在此行之上",),
    ("在此行上方",), ("在這行上方",), ("请在此线上方",), ("在此线以上",), ("이 줄 위에",), ("이 선 위에",),
    ("phía trên dòng này",), ("di atas garis ini",), ("di atas baris ini",), ("damunt d'aquesta línia",),
    ("sobre aquesta línia",), ("iznad ove crte",), ("iznad ove linije",), ("nad to vrstico",),
    ("virš šios eilutės",), ("virs šīs līnijas",), ("selle rea kohale",),
)

# Each of the phrases above holds at least one of these: what holds none of them is not searched for all.
ABOVE_MARKS: tuple[str, ...] = (
    "above", "below", "line", "on top of", "oberhalb", "zeile", "linie", "ligne", "dessus", "línea", "encima",
    "linha", "riga", "sopra", "boven deze", "ovanför", "linj", "yläpuolelle", "linią", "powyżej", "řád", "riad", "sor felett", "fölé",
    "acestei", "deasupra", "выше", "над ", "вище", "πάνω από", "bu satır", "bu çizg", "هذا ال", "מעל", "この行", "この線",
    "在此", "在這", "此线", "위에", "phía trên", "di atas", "aquesta", "iznad", "vrstic", "virš", "virs", "selle rea",
)
