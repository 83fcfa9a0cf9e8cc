"""Send by handing mail to the sendmail program of this machine (Postfix, Exim, sendmail, msmtp, nullmailer …)."""
