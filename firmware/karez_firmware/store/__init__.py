"""The controller's memory: NOR ring for records, FRAM for the head, objects in two places."""
