"""Signing what goes out with DKIM: keys made here, published by their domain's owner, exchanged without a gap."""
