"""What the gateway's own code raises for people: each message says what to do.

GatewayError
├── ConfigError     gateway.toml is missing, unknown or wrong: names the key
├── Refused         a binding, grant or request that we do not take, and why
└── StoreError      table and log disagree, or another process holds the data
"""


class GatewayError(Exception):
    """Base of every error shown to a person; the CLI prints it and ends with code 2."""


class ConfigError(GatewayError):
    """The configuration cannot be used; the message names the key."""


class Refused(GatewayError):
    """A binding, a grant or a request that the gateway does not take."""


class StoreError(GatewayError):
    """The stored data cannot be used as it is."""
