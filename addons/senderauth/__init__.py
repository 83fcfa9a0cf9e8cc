"""Whether From is who it says: SPF, DKIM and DMARC of mail that comes in, and the reports that others make of ours."""
