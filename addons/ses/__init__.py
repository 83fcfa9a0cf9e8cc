"""Amazon SES: two kinds of outgoing account, the account's quota as its limits, and events that come by SNS."""
