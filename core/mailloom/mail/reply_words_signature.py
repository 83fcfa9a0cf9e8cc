"""Words of what is neither new nor quoted: device lines, disclaimers, list footers; tables only.

All entries are case-folded. Sources: the default texts of phones and mail programs, the footers of mailing lists.
"""

from __future__ import annotations

# fmt: off
# A line that begins so was written by the program and not by the person.
SENT_PREFIXES: tuple[str, ...] = (
    "sent from my", "sent from", "sent via", "sent with", "sent using", "sent by", "sent on", "sent while",
    "sent through", "send from my", "sent out from", "composed on my", "written on my", "get outlook for",
    "get bluemail for", "typed on my", "typed with", "sent thanks to", "mobile email", "from my",
    "download yahoo mail", "yahoo mail:", "yahoo mail for", "envoyé de", "envoyé depuis", "envoyé à partir",
    "envoyé avec", "envoyé par", "envoyé via", "télécharger outlook", "téléchargez outlook", "obtenez outlook",
    "provenance :", "provenance:", "von meinem", "von meiner", "gesendet von", "gesendet mit", "gesendet über",
    "gesendet aus", "gesendet vom", "diese nachricht wurde von meinem", "outlook für", "holen sie sich outlook",
    "outlook beziehen", "versendet mit", "versendet von", "verschickt von", "mobil gesendet", "enviado desde",
    "enviado con", "enviado por", "enviado do", "enviado de", "enviado via", "enviado a partir", "enviado pelo",
    "enviado através", "enviada do", "enviat des", "obtener outlook", "descargar outlook", "obtenha o outlook",
    "obter o outlook", "baixe o outlook", "scarica outlook", "ottieni outlook", "outlook voor", "download outlook",
    "inviato da", "inviato dal", "inviato con", "inviato tramite", "verzonden vanaf", "verzonden met",
    "verzonden via", "verzonden van", "verstuurd vanaf", "verstuurd met", "verstuurd via", "verstuurd van",
    "outlook downloaden", "skickat från", "skickat via", "skickat med", "skickades från", "hämta outlook",
    "skaffa outlook", "sendt fra", "sendt med", "sendt via", "hent outlook", "få outlook", "last ned outlook",
    "lähetetty", "hanki outlook", "lähettäjän iphone", "wysłane z", "wysłano z", "wysłane za", "wysłano za",
    "pobierz outlook", "pobierz program outlook", "odesláno z", "odesláno pomocí", "odesláno ze", "získat outlook",
    "stáhnout outlook", "odoslané z", "odoslané zo", "odoslané pomocou", "získať outlook", "poslané z", "posláno z",
    "elküldve", "küldve", "iphone-ról küldve", "az outlook beszerzése", "trimis de pe", "trimis din", "trimis cu",
    "obțineți outlook", "descărcați outlook", "изпратено от", "изпратено с", "изпратено чрез",
    "изтегляне на outlook", "отправлено с", "отправлено из", "отправлено от", "отправлено через", "скачать outlook",
    "получить outlook", "надіслано з", "надіслано за", "надіслано через", "відправлено з", "відправлено за",
    "отримати outlook", "послато са", "послато преко", "poslano sa", "poslano s", "poslano iz", "poslano z",
    "poslano preko", "poslato sa", "preuzmite outlook", "στάλθηκε από", "εστάλη από", "στάλθηκε με",
    "λήψη του outlook", "أرسلت من", "أُرسلت من", "مرسل من", "تم الإرسال من", "أرسل من", "مُرسل من", "تم ارسال",
    "نشלח מ", "נשלח מ", "נשלח מה", "ارسال شده از", "ارسال از", "फ़ोन से भेजा", "मेरे iphone से", "ส่งจาก", "đã gửi từ",
    "gửi từ", "được gửi từ", "dikirim dari", "terkirim dari", "dikirim melalui", "dapatkan outlook", "dihantar dari",
    "dihantar daripada", "发自", "發自", "来自我的", "从我的", "從我的", "使用", "获取", "取得", "통해", "나의",
    "내", "saadetud minu", "saadetud", "nosūtīts no", "nosūtīts ar", "išsiųsta iš", "siųsta iš", "bidalia nire",
    "nire iphone", "sent frá", "sent úr", "ipadist saadetud", "outlook for", "iphone'umdan", "iphone’umdan",
    "ipad'imden", "outlook'u edinin", "samsung galaxy", "seolta ó", "enviado dende", "gestuur vanaf",
    "ipadá dhiotla", "dispatched from", "este mensaje fue enviado desde",
)

# A line that ends so was written by the program.
SENT_SUFFIXES: tuple[str, ...] = (
    "gesendet", "gönderildi", "tarafımdan gönderildi", "から送信", "から送信しました", "からの送信",
    "から送られました", "から送信されました", "傳送", "寄出", "发送", "發送", "发出", "에서 보냄", "에서 보낸 메일",
    "에서 발송", "에서 전송", "보냄", "küldve", "lähetetty", "ने भेजा", "से भेजा गया", "에서 보냈습니다", "saadetud",
    "에서 보낸 메시지", "を入手", "を使って送信", "geschickt", "verschickt", "versendet", "geschrieben", "bidalia",
    "verzonden", "aracılığıyla gönderildi", "kaldırıldı",
)

# At least one of these is needed beside a suffix or a short prefix: the line must be about a device or a program.
DEVICE_WORDS: tuple[str, ...] = (
    "iphone", "ipad", "ipod", "android", "blackberry", "black berry", "samsung", "galaxy", "windows", "nokia",
    "huawei", "xiaomi", "redmi", "oneplus", "one plus", "motorola", "moto ", "pixel", "sony", "xperia", "htc", "lg ",
    "mobile", "phone", "handy", "smartphone", "mobil", "téléphone", "teléfono", "móvil", "movil", "celular",
    "telefon", "telefono", "telefoon", "cellulare", "puhelin", "tablet", "telemóvel", "tlf", "palm", "treo",
    "verizon", "t-mobile", "at&t", "sprint", "vodafone", "telekom", "oppo", "vivo", "realme", "honor", "zte", "asus",
    "outlook", "yahoo", "gmail", "aol", "proton", "tutanota", "tuta ", "mail.ru", "yandex", "qq", "163", "126",
    "foxmail", "网易", "網易", "邮箱", "郵箱", "邮件", "郵件", "手机", "手機", "信箱", "hotmail", "mail for windows",
    "windows mail", "mail app", "mailbox", "airmail", "spark", "superhuman", "newton", "edison", "bluemail",
    "blue mail", "aqua mail", "k-9", "nine", "touchmail", "typeapp", "inky", "front", "missive", "mailspring",
    "thunderbird", "zimbra", "zoho", "hey", "fastmail", "icloud", "apple", "mac", "ios", "smartwatch", "watch",
    "polymail", "boomerang", "mixmax", "hubspot", "canary", "postbox", "mailbird", "em client", "fairemail", "gmx",
    "web.de", "t-online", "freemail", "webmail", "laposte", "orange", "sfr", "free.fr", "libero", "virgilio",
    "tiscali", "correo", "e-mail app", "app ", "device", "gerät", "dispositivo", "appareil", "apparaat", "enhet",
    "laite", "urządzenia", "zařízení", "устройства", "телефон", "смартфон", "айфон", "почт", "пошт", "пристрою",
    "κινητό", "συσκευή", "telefonu", "telefonul", "cihaz", "هاتف", "الايفون", "آيفون", "הטלפון", "מכשיר", "मोबाइल",
    "มือถือ", "โทรศัพท์", "điện thoại", "ponsel", "スマホ", "携帯", "アイフォン", "휴대폰", "아이폰", "갤럭시",
    "스마트폰", "네이버", "다음", "computer", "laptop", "macbook", "desktop", "wireless", "client", "kindle",
    "chromebook", "surface", "lumia", "naver",
)

# A paragraph that begins so (after marks and stars) and speaks of law is a disclaimer.
DISCLAIMER_STARTS: tuple[str, ...] = (
    "this e-mail", "this email", "this message", "this communication", "this transmission", "this electronic",
    "the information contained", "the information in this", "the information transmitted", "the contents of this",
    "the content of this", "confidentiality", "confidential", "disclaimer", "notice:", "legal notice",
    "important notice", "privileged", "private and confidential", "if you are not the intended",
    "if you have received this", "if you received this", "any views", "please note that this",
    "please consider the environment", "please think of the environment", "think before you print",
    "p please consider", "p think before", "before printing", "save a tree", "emails are not secure",
    "e-mails are not secure", "email disclaimer", "information contained in this", "registered office",
    "registered in england", "nothing in this", "caution: this", "warning: this", "notice of confidentiality",
    "we may monitor", "statement of confidentiality", "internet communications", "internet e-mail",
    "views expressed", "electronic mail", "this mail", "diese e-mail", "diese email", "diese nachricht",
    "die in dieser", "der inhalt dieser", "dieses dokument", "vertraulich", "hinweis:", "wichtiger hinweis",
    "rechtlicher hinweis", "die information", "sollten sie nicht", "wenn sie nicht der", "haftungsausschluss",
    "datenschutz", "bitte denken sie an die umwelt", "bitte prüfen sie", "der austausch von nachrichten",
    "die übermittlung", "falls sie nicht", "informationen zum datenschutz", "ce message", "ce courriel",
    "cet e-mail", "ce mail", "cet email", "le présent message", "les informations", "confidentialité",
    "avertissement", "avis de confidentialité", "si vous n'êtes pas", "si vous avez reçu",
    "pensez à l'environnement", "pensez à l’environnement", "merci de penser", "avant d'imprimer", "n'imprimez",
    "le contenu de ce", "l'information contenue", "este mensaje", "este correo", "la información contenida",
    "aviso legal", "aviso de confidencialidad", "confidencialidad", "advertencia", "si usted no es",
    "antes de imprimir", "este e-mail", "esta mensagem", "esta comunicación", "a informação contida",
    "as informações contidas", "aviso", "confidencial", "se você não é", "o conteúdo desta", "le informamos",
    "en cumplimiento", "de conformidad", "el contenido de este", "questo messaggio", "questa e-mail", "questa email",
    "le informazioni contenute", "riservatezza", "avviso di riservatezza", "il presente messaggio",
    "la presente comunicazione", "prima di stampare", "ai sensi", "informativa", "il contenuto di questa",
    "le informazioni trasmesse", "il contenuto del presente", "dit bericht", "deze e-mail", "deze email",
    "de informatie", "dit e-mailbericht", "vertrouwelijk", "denk aan het milieu", "aan dit bericht",
    "de inhoud van dit", "den här e-posten", "detta meddelande", "detta mail", "detta e-postmeddelande",
    "denna e-post", "denne e-mail", "denne e-post", "denne meddelelse", "denne meldingen", "informasjonen i denne",
    "tämä viesti", "tämä sähköposti", "luottamuksellinen", "denne mail", "ta wiadomość", "niniejsza wiadomość",
    "treść tej wiadomości", "informacje zawarte", "poufne", "tato zpráva", "tento e-mail", "tento email",
    "obsah této", "informace obsažené", "táto správa", "obsah tejto", "ez az e-mail", "ez az üzenet", "jelen üzenet",
    "jelen e-mail", "acest mesaj", "acest e-mail", "informațiile conținute", "настоящее сообщение",
    "данное сообщение", "это сообщение", "это электронное", "информация, содержащаяся", "настоящее электронное",
    "конфиденциально", "уведомление о конфиденциальности", "це повідомлення", "цей лист", "інформація, що міститься",
    "това съобщение", "настоящото съобщение", "αυτό το μήνυμα", "το παρόν μήνυμα", "το μήνυμα αυτό", "bu e-posta",
    "bu mesaj", "bu ileti", "bu elektronik", "هذه الرسالة", "المعلومات الواردة", "إخلاء مسؤولية", "הודעה זו",
    "המידע", "دوאر", "pesan ini", "email ini", "thư này", "email này", "このメール", "本メール", "この電子メール",
    "本邮件", "此邮件", "本電子郵件", "此郵件", "이 메일", "본 메일", "이 전자우편", "본 전자우편", "ovaj e-mail",
    "ova poruka", "ta e-pošta", "to sporočilo", "see kiri", "käesolev e-kiri", "šis e-pasts", "šis laiškas",
    "aquest missatge", "mezu hau",
)

# A short paragraph that begins so is about paper and trees.
GREEN_STARTS: tuple[str, ...] = (
    "please consider the environment", "please think of the environment", "think before you print",
    "p please consider", "p think before", "before printing", "save a tree", "save paper",
    "consider the environment", "bitte denken sie an die umwelt", "bitte prüfen sie, ob diese",
    "pensez à l'environnement", "merci de penser à l'environnement", "avant d'imprimer", "n'imprimez ce",
    "n'imprimez que", "antes de imprimir", "prima di stampare", "denk aan het milieu", "tänk på miljön",
    "tenk på miljøet", "tænk på miljøet", "pomyśl o środowisku", "zanim wydrukujesz",
    "подумайте об окружающей среде",
)

# Two different ones of these make the paragraph above a disclaimer.
DISCLAIMER_WORDS: tuple[str, ...] = (
    "confidential", "privileged", "intended recipient", "intended only", "intended solely", "intended for",
    "addressee", "disclos", "unauthori", "prohibited", "notify the sender", "delete", "destroy", "disseminat",
    "distribut", "copying", "liab", "virus", "monitored", "views or opinions", "proprietary", "contain legally",
    "received this", "in error", "environment", "print", "not the intended", "registered", "malware", "not accept",
    "by mistake", "opinions", "views", "vertraulich", "bestimmt", "adressat", "empfänger", "irrtümlich", "vernicht",
    "lösch", "weitergabe", "unbefugt", "nicht gestattet", "rechtlich geschützt", "absender", "umwelt", "ausdruck",
    "verbindlich", "versehentlich", "haft", "confidentiel", "destinataire", "destiné", "par erreur", "détruire",
    "interdit", "diffusion", "expéditeur", "imprim", "supprim", "environnement", "responsab", "confidencial",
    "destinatari", "por error", "por erro", "prohibid", "proibid", "destruir", "elimin", "divulga", "remitente",
    "remetente", "privilegiad", "medio ambiente", "meio ambiente", "datos personales", "lopd", "engano", "riservat",
    "confidenzial", "per errore", "vietat", "cancell", "mittente", "ambiente", "stamp", "privacy", "gdpr", "rgpd",
    "dsgvo", "vertrouwelijk", "geadresseerde", "bestemd", "abusievelijk", "ten onrechte", "verwijder", "afzender",
    "aansprakelijk", "openbaar", "konfidentiel", "konfidensiel", "avsedd", "mottagar", "modtager", "mottaker",
    "slet", "slett", "radera", "luottamuks", "vastaanottaj", "fortrolig", "tilltänkt", "fejl", "felaktigt",
    "av misstag", "poista", "poufn", "adresat", "odbiorc", "przeznaczon", "omyłk", "usunię", "zabronion", "důvěrn",
    "adresát", "omylem", "smaž", "určen", "dôvern", "vymaž", "bizalmas", "címzett", "téved", "törölj",
    "confidențial", "eroare", "șterge", "конфиденциальн", "адресат", "получател", "предназначен", "ошибк", "удал",
    "запрещ", "конфіденційн", "одержувач", "помилк", "видал", "поверителн", "грешка", "изтри", "εμπιστευτικ",
    "παραλήπτ", "λάθος", "διαγρ", "gizli", "alıcı", "yanlışlıkla", "silin", "yasak", "hukuk", "سري", "المرسل",
    "المقصود", "بالخطأ", "חסוי", "נמען", "בטעות", "rahasia", "penerima", "bảo mật", "người nhận", "機密", "宛先",
    "破棄", "受信者", "誤って", "保密", "机密", "收件人", "删除", "刪除", "错误", "비밀", "수신인", "삭제",
    "povjerljiv", "zaupn", "konfidents", "konfidenciāl", "konfidencial",
)

# A line that holds one of these belongs to a mailing list's, tracker's or scanner's footer.
FOOTER_WORDS: tuple[str, ...] = (
    "/mailman/listinfo", "/listinfo/", "you received this message because you", "you are receiving this because",
    "you are receiving this email because", "you received this email because", "you're receiving this",
    "you are subscribed to", "to unsubscribe from this", "to unsubscribe,", "to unsubscribe:", "to unsubscribe send",
    "for more options, visit", "to post to this group", "to view this discussion", "reply to this email directly",
    "view it on github", "mute the thread", "view this email in your browser", "yahoo! groups links",
    "to stop receiving", "unsubscribe:", "list-unsubscribe", "manage your subscription", "archives at http",
    "this list is hosted", "this email has been checked for viruses", "this message has been scanned",
    "this email has been scanned", "diese e-mail wurde von avast", "virus-free", "www.avast.", "avast antivirus",
    "checked by avg", "checked for viruses", "has been scanned for viruses", "auf viren geprüft", "virenfrei",
    "garanti sans virus", "libre de virus", "livre de vírus", "privo di virus", "virusvrij", "virusfri",
    "posted via", "abmelden unter", "liste de diffusion", "lista de correo", "sie erhalten diese",
    "sie haben diese nachricht erhalten", "vous recevez ce message", "vous recevez cet",
    "recibió este mensaje porque", "has recibido este mensaje porque", "você recebeu essa mensagem porque",
    "ricevi questo messaggio perché", "hai ricevuto questo messaggio", "вы получили это сообщение",
    "archive of this list", "to visit your group on the web",
)
