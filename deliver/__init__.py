"""Floor 3: tells the outside what happened: signed webhooks, and decisions into helpdesks."""
