"""Reports to a platform without its socket: the documents of one outbox, and the answers to them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from karez_gateway.uploads import Receipt, mqtt_json
from karez_gateway.uploads.outbox import Outbox
from karez_protocols.errors import ProtocolError

if TYPE_CHECKING:
    from karez_gateway.store.outboxes import Waiting


class Platform:
    """One destination. What is on its way lies in memory, as the sender's does: it dies with the process."""

    def __init__(self, outbox: Outbox) -> None:
        """Take its outbox."""
        self._outbox = outbox
        self._sent: dict[str, tuple[Waiting, bytes]] = {}  # name of the report -> it, and its document

    def reports(self) -> list[tuple[str, bytes]]:
        """(name of the report, document) of what is to be sent next; the name is the document's digest."""
        documents = [(one, mqtt_json.document(subject)) for one, subject in self._outbox.following().reports]
        self._sent = {mqtt_json.digest(document): (one, document) for one, document in documents}
        return [(name, document) for name, (_, document) in self._sent.items()]

    def confirmed(self, answers: Mapping[str, bytes], now_utc_s: int) -> int:
        """Keep receipts of the reports whose answers match; a platform's no passes its report over."""
        receipts = []
        for name, answer in answers.items():
            if name not in self._sent:
                continue
            waiting, document = self._sent[name]
            try:
                of, refusal = mqtt_json.answer(answer)
            except ProtocolError:
                continue
            if of != name:
                continue  # of another report: believed for none
            del self._sent[name]
            if refusal is not None:
                self._outbox.refused(waiting, refusal)
                continue
            receipts.append((waiting, Receipt(document, answer, now_utc_s)))
        if receipts:
            self._outbox.confirmed(receipts)
        return len(receipts)
