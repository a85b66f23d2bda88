"""Reports to a platform without its socket: the documents of one outbox, and the answers to them."""

from collections.abc import Mapping

from karez_gateway.uploads import Receipt, mqtt_json
from karez_gateway.uploads.outbox import Outbox
from karez_protocols.errors import ProtocolError


def reports(outbox: Outbox) -> list[tuple[str, bytes]]:
    """(name of the report, document) of what is to be sent next; the name is the document's digest."""
    found = []
    for _, subject in outbox.following().reports:
        document = mqtt_json.document(subject)
        found.append((mqtt_json.digest(document), document))
    return found


def confirmed(outbox: Outbox, answers: Mapping[str, bytes], now_utc_s: int) -> int:
    """Keep receipts of the reports whose answers match; a platform's no passes its report over."""
    receipts = []
    for waiting, subject in outbox.following().reports:
        document = mqtt_json.document(subject)
        answer = answers.get(mqtt_json.digest(document))
        if answer is None:
            continue
        try:
            of, refusal = mqtt_json.answer(answer)
        except ProtocolError:
            continue
        if of != mqtt_json.digest(document):
            continue  # of another report: believed for none
        if refusal is not None:
            outbox.refused(waiting, refusal)
            continue
        receipts.append((waiting, Receipt(document, answer, now_utc_s)))
    if receipts:
        outbox.confirmed(receipts)
    return len(receipts)
