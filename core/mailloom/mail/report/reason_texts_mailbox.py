"""Wording about the recipient: mailbox and domain. See reason_texts for the order.

Only what says that this very mailbox or domain is not there makes an address dead; a full, closed for now or filtered
mailbox does not.
"""

from __future__ import annotations

from .values import Reason

MAILBOX_ROWS: tuple[tuple[Reason, str], ...] = (
    (
        Reason.EXCEED_LIMIT,
        """
        message length exceeds | message length exceeds administrative limit | recipsizelimit |
        message too large for this recipient | message too large for * mailbox |
        message size exceeds the recipient | recipient's size limit | message header size, or recipient list |
        maximum size the user accepts
        """,
    ),
    (
        Reason.MESSAGE_TOO_BIG,
        """
        message too big for system | message is too big for the specified priority | message size exceeds |
        message too large | message too big | message is too large | message is too big | message file too big |
        message length exceeds | exceeds size limit | exceeds the size limit | exceeded maximum message size |
        exceeded maximum inbound message size | maximum message size | max message size | message size too big |
        message was too large | message exceeds maximum | message exceeds the maximum | maximum permitted size |
        exceeds fixed maximum | exceeds fixed limit | mail size limit | larger than the current | too large for |
        larger than the maximum | exceeded maximum size | nachricht zu gro | trop volumineux |
        attachment is too large | message is larger | mail is too large | mail too large | line limit exceeded |
        over message size | entity too large | sizelimit | size exceeds | too much data | message size limit |
        mensaje demasiado grande | over the size limit | size limit for this | message exceeds * size
        """,
    ),
    (
        Reason.SYSTEM_FULL,
        """
        mail system full | insufficient system storage | insufficient system resource | insufficient disk |
        insufficient storage | requested mail action aborted: exceeded storage allocation*server | disk full |
        not enough disk space | no space left on device | out of disk space | file system full | filesystem full |
        server disk | queue file write error | server is full | not enough storage space | useddiskspace |
        system resources low
        """,
    ),
    (
        Reason.MAILBOX_FULL,
        """
        mailbox full | mailbox is full | mailbox is over | mailbox over quota | mailbox quota |
        mailbox size limit | mailbox exceeds | mailbox exceeded | mailbox has exceeded | mailbox has reached |
        mailbox for * is full | mailbox @ is full | mailbox * full | mailbox too large | mailbox storage |
        over quota | overquota | over-quota | over the quota | over his quota | over their quota |
        over its quota | over disk quota | quota exceeded | quota exceed | quotaexceeded | quota full |
        quota violation | quota has been exceeded | quota is exceeded | quota limit | quota for this user |
        quota for the user | quota reached | out of quota | exceeded quota | exceeded storage |
        exceeded the quota | exceeded his | exceeded her | exceeded their | exceeded its quota |
        exceed the quota | exceeds quota | exceeds allowed quota | exceeds the quota | exceeds allowed size |
        exceeds their quota | exceeding their | exceeding quota | would exceed | disk quota | diskquota |
        mail quota | mailquota | storage quota | storage limit | storage allocation | user is over |
        user has exhausted | user has used all | user has too many messages | recipient is over |
        account is over | account is full | account over quota | account is exceeding | account exceeded |
        inbox is full | inbox full | inbox is out of storage | out of storage space | full mailbox |
        mail box full | mailfolder is full | mail folder is full | mailfolder over | maildir over quota |
        maildir delivery failed: user | too much mail stored | not enough space | no space left for this user |
        insufficient mailbox | insufficient space | no storage space available for | storage full |
        exceeds mailbox | box is full | delivery failed: over | maildirsize | mailbox currently full |
        message would exceed | boite du destinataire pleine | boite pleine | boîte pleine | casella piena |
        casella e' piena | casilla llena | buzon lleno | buzón lleno | buzón de correo * lleno | postfach voll |
        postfach ist voll | postfach * überfüllt | caixa postal cheia | caixa cheia | ящик переполнен |
        переполнен | メールボックス*一杯 | メールボックスがいっぱい | 容量 | 邮箱已满 | mailbox space |
        exceeded its storage | reached disk quota | has reached quota | user does not have * disk |
        recipient storage full | recipient mailbox full | there is not enough room | no room in mailbox |
        size of user's mailbox | delivery would put the user over | user overquota | is at or over quota |
        excessive disk use | mailbox_full | exceeded * mailbox | quota | 551 not enough disk space |
        space has been used up | over the maximum allowed mailbox | over the allowed quota |
        mail file size exceeds | disk space limit | have enough space | insufficient disk space |
        exceeding receiving limits | exceeded the local limit | mail account is full |
        would exceed maximum allowed storage | disc quota | diskspace quota
        """,
    ),
    (
        Reason.HAS_MOVED,
        """
        mailbox owner has changed | domain owner has changed | has moved, no forwarding | has moved |
        has been moved to | no forwarding address | has changed | moved to | user not local; please try |
        user not local * try | address changed to | has been replaced by | no longer works here |
        has a new address | new address is | new e-mail address | has been deleted, please use |
        mailbox has moved | destination mailbox has moved | changed address | recipient moved |
        owner has changed | has left the company | left the company | no longer with the company |
        n'est plus dans | no longer employed | no longer with this
        """,
    ),
    (
        Reason.SUSPEND,
        """
        user account disabled | mailbox disabled, not accepting messages | account is disabled |
        account disabled | account has been disabled | account that you tried to reach is disabled |
        account is * disabled | account is suspended | account suspended | account has been suspended |
        account is inactive | account inactive | account has been inactive | account deactivated |
        account is deactivated | account * is not active | account not active | account is not active |
        account is locked | account locked | account expired | account is expired | account has expired |
        account has been blocked | account is blocked | account blocked | account is temporarily |
        account temporarily | account is unavailable | account is closed | account closed |
        account is currently suspended | account currently | account is not currently |
        account been temporarily suspended | account * suspended | mailbox disabled | mailbox is disabled |
        mailbox is inactive | mailbox inactive | mailbox is suspended | mailbox suspended | mailbox locked |
        mailbox is locked | mailbox is blocked | mailbox blocked | mailbox temporarily | mailbox is temporarily |
        mailbox currently suspended | mailbox is frozen | mailbox frozen | mailbox unavailable or access denied |
        mailbox is unavailable | mailbox has been disabled | mailbox not active | mailbox is not active |
        mailbox is closed | user is suspended | user suspended | user disabled | user is disabled |
        user inactive | user is inactive | user is not active | user not active | user is locked |
        user account * locked | user account is disabled | user(s) account is disabled |
        user(s) account is temporarily | user account is unavailable | user account is overdue |
        user no longer active | inactive user | inactive recipient | inactive account | inactive mailbox |
        disabled user | disabled recipient | disabled mailbox | disabled account | disabled or discontinued |
        recipient suspend | recipient is inactive | recipient inactive | recipient disabled |
        recipient is disabled | recipient account disabled | recipient account is | suspended mailbox |
        suspended account | suspended due to inactivity | customer account is suspended | address is disabled |
        address disabled | address is inactive | address is not active | is suspended | is a deactivated mailbox |
        deactivated mailbox | deactivated due to abuse | vdelivermail: account is locked |
        email account suspended | service has been suspended | has been suspended | is deactivated | is frozen |
        no longer accepting mail due to inactivity | mail receiving disabled |
        is not currently accepting messages | is no longer active | boite du destinataire archivee |
        compte desactive | compte suspendu | konto gesperrt | postfach gesperrt | ist gesperrt | ist deaktiviert |
        cuenta desactivada | cuenta suspendida | dormant | sorry, account is | currently disabled |
        has been deactivated | been inactive | invalid/inactive user | status(suspend) | temporarily locked |
        user temporarily | login disabled | this mailbox is disabled | user's account is disabled |
        delivery has been disabled | mail account is not active | account is terminated | user is terminated |
        archived recipient | temporarily inactive | suspend the service | no longer accepts mail |
        user or domain is disabled | account has been temporarily | has been discontinued | mailbox is currently |
        account is on hold | account is dormant | domain is suspended | domain suspended | domain is disabled |
        due to inactivity | account * not accepting messages | mailbox * not accepting messages |
        administrative(ly) disabled | administratively disabled | is administratively
        """,
    ),
    (
        Reason.FILTERED,
        """
        mailing list expansion problem | destination mailbox address ambiguous |
        recipient only accepts mail from | accepts mail only from | only accept mail from | refused by recipient |
        blocked by recipient | refused by the recipient | rejected by recipient | rejected by the recipient |
        recipient refused | recipient has rejected | recipient does not accept | recipient doesn't accept |
        rejected by user | refused by user | because the recipient is only accepting | only accepting mail from |
        recipient is not accepting | user rejected | due to extended inactivity | user refuses to receive |
        user refuses | refuses to receive | recipient * blocked you | due to recipient preferences |
        recipient rejected your message | the following recipients are affected |
        email preferences of the person | extended inactivity | mail rejected by user | not allowed by recipient |
        personal filter | filter of the user | user-defined filter | user filter | filtered by the recipient |
        recipient filtered | we failed to deliver mail because the following address recipient id refuse |
        has blocked your address | whitelist | white list | not on * accepted senders | not in * address book |
        sender is not in recipient | message was filtered by | blocked your email address | quit accepting |
        refused due to recipient preferences | filtered | recipient could not be verified |
        restricted sms e-mail | not accepting any mail | rejected due to user rules |
        rejected due to user filters | this recipient does not accept mail | this account is protected by |
        user reject | refuse to receive | blocked by the recipient | resolver.adr.ambiguous | 000c0595 |
        ambiguous recipient
        """,
    ),
    (
        Reason.NETWORK_ERROR,
        """
        host not found, try again | host name lookup failure | try again later*name service | temporary failure in name resolution
        """,
    ),
    (
        Reason.NOT_ACCEPT,
        """
        couldn't find a mail exchanger or ip address | no mx found for domain | null mx | has null mx | nullmx |
        does not accept mail | doesn't accept mail | does not accept email | accepts no mail | no mail service |
        an mx or srv record indicated no smtp service | indicated no smtp service |
        system not accepting network messages | host does not receive mail | does not receive mail |
        does not receive email | does not accept e-mail | this host is not accepting | domain does not accept |
        host/domain does not accept mail | mx record pointing to . | has no mail server |
        smtp protocol diagnostic: 521 | no mail accepted | will not accept mail | server does not accept mail |
        domain that does not receive | domain is not accepting mail | does not handle mail |
        no host found for existing smtp connection | no route for current request | not accept network messages |
        is not accepting mail
        """,
    ),
    (
        Reason.USER_UNKNOWN,
        """
        bad destination mailbox address | user unknown | unknown user | user is unknown | unknown recipient |
        recipient unknown | recipient is unknown | unknown local part | unknown local-part | unknown address |
        address unknown | addressee unknown | unknown mailbox | mailbox unknown | unknown account |
        account unknown | unknown e-mail | unknown email | unknown in local | unknown in virtual |
        unknown in relay | unknown virtual | unknown host or user | unknown destination address | unknown login |
        unknown name | unknown client address | unknown userid | user id unknown | userunknown | no such user |
        no such recipient | no such address | no such mailbox | no such account | no such person |
        no such local user | no such email | no such e-mail | no such name | no such id | no such group |
        no such local | no such virtual | no such addressee | no such list | there is no such |
        no such domain user | nosuchuser | no mailbox | no valid recipient | no valid mailbox | no local mailbox |
        no matches to nameserver query | no matching recipient | no mailbox here by that name | no mailbox found |
        no mailbox by that name | no person by that name | no alias for recipient | not a valid mailbox |
        not a valid user | not a valid recipient | not a valid email | not a valid address | not a known user |
        not a known mailbox | not a local user | not a user | not a registered | not a member of our |
        is not a active address | is not an active address | not known at this | not known here | user not known |
        is not known | user not found | user not exist | user does not exist | user doesn't exist |
        user don't exist | user not listed | user not local | user invalid | user * does not exist |
        user * doesn't exist | user * not found | user * not listed | user * unknown |
        user doesn't have * account | user hasn't entered during last | user cannot be found |
        user was not found | user could not be found | user has been deleted | this user doesn't have a |
        this user does not have | recipient not found | recipient not exist | recipient does not exist |
        recipient doesn't exist | recipient * not found | recipient * does not exist | recipient * doesn't exist |
        recipient invalid | recipient is invalid | recipient not known | recipient is not local |
        recipient not recognized | recipient not valid | recipient not listed | recipient no longer |
        recipient was not found | recipient could not be found | recipient name is not recognized |
        recipient address does not | recipient address doesn't | recipient address not found |
        recipient address unknown | recipient address is not valid | recipient address rejected: access denied |
        recipient email address is possibly incorrect | recipient mailbox does not | recipient mailbox not found |
        recipient addresses rejected | recipnotfound | recipientnotfound | resolver.adr | rejected: user unknown |
        recipient verify failed | recipient verification failed | mailbox not found | mailbox not available |
        mailbox does not exist | mailbox doesn't exist | mailbox not exist | mailbox * does not exist |
        mailbox * doesn't exist | mailbox * not found | mailbox * not exist | mailbox unavailable |
        mailbox no longer | mailbox invalid | mailbox cannot be found | mailbox is invalid | mailbox not known |
        mailbox was not found | mailbox could not be found | mailbox has been removed | mailbox deleted |
        mailbox is not valid | mailbox name not allowed | mailbox was deleted | mailbox is not exist |
        address not found | address does not exist | address doesn't exist | address not exist |
        address no longer | address is no longer | address invalid | address is invalid | address is not valid |
        address couldn't be found | address could not be found | address wasn't found | address was not found |
        address is incorrect | address incorrect | address unrecognized | address * does not exist |
        address * not found | address has been deleted | address not listed | address is not in use |
        address not known | address not present | account does not exist | account doesn't exist |
        account not found | account not exist | account has been deleted | account deleted | account is invalid |
        account invalid | account * does not exist | account * not found | account is not valid |
        account that you tried to reach does not exist | account has been removed | account is no longer |
        account no longer | account you are trying to contact does not | does not have an email account |
        doesn't have an account | doesn't have a * account | invalid recipient | invalid mailbox | invalid user |
        invalid final delivery userid | invalid local part | invalid local-part | invalid email | invalid e-mail |
        invalid account | invalid rcpt | invalid mailbox path | invalid username | invalid local address |
        bad recipient | bad mailbox | bad user | badrecipient | bad-recipient | not our customer | not our user |
        not in our directory | not listed in domino | cannot find user | could not find user |
        unrouteable mail domain*user | unrecognized recipient | delivery failed: mailbox |
        does not have a final email delivery point | sorry, no mailbox here by that name |
        destination address does not | destination not found | verify user | check the recipient address |
        check the recipient's | has been disabled or does not | empfänger unbekannt | unbekannter empf |
        unbekannter benutzer | benutzer unbekannt | empfaenger unbekannt | adresse unbekannt |
        adresse destinataire invalide | destinataire invalide | destinataire inconnu | utilisateur inconnu |
        adresse d au moins un destinataire invalide | adresse inconnue | destinatario sconosciuto |
        utente sconosciuto | utente non | indirizzo non | casella inesistente | usuario desconocido |
        destinatario desconocido | usuario no | usuário desconhecido | usuário inexistente | usuario inexistente |
        見つかりません | 宛先*不明 | アドレスが間違 | 宛先のメールアドレスが見つかり | 不正な宛先 |
        ユーザー*見つかり | 会員*見つかり | kullanıcı bulunamadı | not a customer | not a subscriber |
        isn't a valid | unknown: @ | unknown or illegal alias | not delivered to unknown | no home directory |
        wrong recipient | recipient incorrect | user account does | rcp-p1 |
        requested action not taken: mailbox unavailable | public name & address book | user not unique |
        recipient user name not unique | 000c05a6 | resolver.fwd.notfound | resolver.adr.invalidsmtp | chkuser |
        chkusr | there is no user by that name | no such user here | mailbox for @ not found |
        not on this server | recipient is not on | account that does not exist | email account that you tried |
        bad destination mailbox | bad destination address | receiver not found
        """,
    ),
    (
        Reason.HOST_UNKNOWN,
        """
        bad destination system address | unable to route | host unknown | unknown host |
        host or domain name not found | host not found | host/domain not found | host and port could not |
        hostname unknown | host name not found | host does not exist | no such host | no such domain |
        unknown domain | unknown mail domain | unknown mail host | domain unknown | domain not found |
        domain does not exist | domain doesn't exist | domain not exist | domain is not valid | domain not valid |
        domain is not reachable | domain couldn't be found | domain could not be found | domain invalid |
        invalid domain | invalid host | domain mentioned in * is unknown | domain is invalid |
        domain name not found | domain must exist | domain may not exist | domain illegal | illegal host/domain |
        illegal domain | unrouteable address | unroutable address | unrouteable domain | unroutable domain |
        unrouteable mail domain | unroutable mail domain | unrouteable host |
        all relevant mx records point to non-existent hosts | mx records point to non-existent | no mx record |
        no mx or a | no mx | mx record not found | no a or mx | mail server not found |
        couldn't find any host named | couldn't find any host | could not find any host | cannot find host |
        no route to domain | badly formed or unknown domain | bad destination host | bad domain | bad host name |
        name service error for * host * not found | name server: host not found | no address associated with |
        nxdomain | servfail*does not exist | dns domain * does not exist | domain of @ does not exist |
        has no mx | has no dns | doesn't have any mx | does not have a mx | name or service not known |
        dns error: domain | dns name does not exist | addresses of * could not be found | no record of that host |
        mail domain not | not a valid domain | domain has no | recipient's domain name does not exist |
        domain non trouv | domaine inconnu | dominio no encontrado | dominio inexistente |
        domain existiert nicht | the account or domain may not exist | no dns information was found |
        hostunknown | host or domain name | remote domain doesnt exist | no route found to domain |
        unknown domain name | all host address lookups failed | nonexistentdomain | domain cannot be found |
        domain * does not exist | domain * doesn't exist | domain * could not be found | domain * not found |
        host * does not exist | dns domain | couldn't resolve host | could not resolve host | no dns entry |
        domain * couldn't be found | domain * wasn't found | domain name * does not | domain is not registered |
        does not appear to be registered | mail exchanger for * not found | bad destination system
        """,
    ),
)

# Asked after everything that names a narrower cause: domains, too, "do not exist".
WIDE_MAILBOX_ROWS: tuple[tuple[Reason, str], ...] = (
    (
        Reason.USER_UNKNOWN,
        """
        no user | no account | no recipient | no one here | no entry | no matching address | is not a valid |
        is not a known | is not a registered | is not local | not known | user no longer | user * is not |
        user removed | user * isn't | address error | address is unknown | does not exist here |
        does not exist on this | does not exist at | does not have a | does not exist | doesn't exist |
        not exist | didn't exist | do not exist | no longer exists | no longer valid | no longer in use |
        no longer available | no longer on server | no longer an active | no longer exist | no longer in service |
        no longer used | no longer a valid | has been terminated | no longer accepted | invalid address |
        invalid destination | invalid name | bad address | not in directory | not listed in | not found in |
        not registered | not here | isn't here | unable to find | can't find | couldn't be found |
        could not be found | name not found | unknown. | undeliverable address | unrecognised | not recognized |
        non-existent | nonexistent | non existent | nonexisting | non-existing | non existing | nonexist |
        not our | does not like recipient | not a deliverable | is undeliverable | destination user |
        check the address | check recipient | never logged | existiert nicht | nicht gefunden | nicht bekannt |
        unbekannt | n'existe pas | inconnu | non esiste | no existe | não existe | nao existe | inexistente |
        no encontrado | no se encontr | onbekend | bestaat niet | niet gevonden | nie istnieje | nieznany |
        нет такого | не существует | не найден | неизвестный | пользователь | 存在しません | 存在しない | 不存在 |
        找不到 | 존재하지 | was not found | does not match any | illegal alias | illegal user |
        user name is invalid | please check the spelling | mail drop | has never | not delivering to |
        wrong address | incorrect recipient | email has changed | mail for @ is not | user hasn't |
        no records for | 550 requested action not taken | unverified address | unverified recipient |
        address verification
        """,
    ),
)

# Phrases that hold whatever follows them; Postfix puts "Recipient address rejected:" before every cause.
LAST_ROWS: tuple[tuple[Reason, str], ...] = ((Reason.USER_UNKNOWN, "address rejected"),)
