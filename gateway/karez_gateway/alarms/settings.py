"""What [alarms] names and the registry does not have: settings that hold for nobody, people without mail."""

from karez_gateway.config import Config
from karez_gateway.config.alarms import PERSON
from karez_gateway.county.alarms.places import Places


def not_there(config: Config, places: Places) -> list[str]:
    """A sentence each."""
    found = []
    for one in config.alarms.rule:
        for kind, name in (("region", one.region), ("holder", one.holder), ("site", one.site)):
            if name and places.registry.get(kind, name) is None:
                found.append(f"alarms.rule {one.rule}: the registry has no {kind} {name}")
    for receiver in config.alarms.notify:
        if receiver.region and places.registry.get("region", receiver.region) is None:
            found.append(f"alarms.notify {receiver.name}: the registry has no region {receiver.region}")
        person = receiver.to.removeprefix(PERSON)
        if person != receiver.to and not (places.registry.get("person", person) or {}).get("email"):
            found.append(f"alarms.notify {receiver.name}: the registry has no e-mail address of {person}")
    return found
