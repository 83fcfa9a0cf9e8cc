"""Business objects in another application: events for it as signed webhooks, and its records as places that mail can go to."""
