"""The field link's transport: MQTT over TLS, driven by ticks."""
