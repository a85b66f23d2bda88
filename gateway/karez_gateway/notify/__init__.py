"""Telling people and machines of alarms: webhooks and e-mail, each receiver with a queue of its own."""
