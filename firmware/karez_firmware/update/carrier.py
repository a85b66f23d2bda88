"""An update over the field link: each step is done in slices, and answered with how far it is."""

from karez_protocols import fields, link, update_link
from karez_protocols.constant import const
from karez_protocols.errors import ProtocolError

from ..store.devices import StoreFailed
from .intake import NotTaken

_REASON = const(48)  # of update_link.STATUS


class Carrier:
    """The link's side of one Trial."""

    def __init__(self, app, trial):
        self._app = app
        self._trial = trial
        self._topic = link.topic(app.identity.name, "update")
        self._reason = ""
        self._is_owed = False  # a status that the client has not taken

    def hear(self, payload):
        """Take one step from the gateway; what is none is passed over, and so is a flood."""
        try:
            values, data = update_link.decode(payload)
        except ProtocolError as error:
            self._reason = str(error)
            self._is_owed = True
            return
        self._app.background.add(self._done(values, data), self._told)

    def _done(self, values, data):
        """Generator: do a step; whatever hinders it is the reason of the next status."""
        self._reason = ""
        try:
            yield from self._step(values, data)
        except NotTaken as error:
            self._reason = error.text
        except StoreFailed as error:
            self._reason = "store: %s" % error

    def _step(self, values, data):
        trial, step = self._trial, values["step"]
        intake, is_new = trial.intake()
        if is_new:
            yield from intake.survey_slices()
        if step == update_link.ASK:
            return
        obstacle = trial.obstacle()
        if obstacle and step < update_link.APPLY:  # a wish ends while the pump runs, too
            raise NotTaken(obstacle)
        if step == update_link.PUT:
            intake.put(values["index"], data)
        elif values["update"] != intake.sha256[:8]:
            raise NotTaken(b"refused: another update than the one that came")
        elif step == update_link.PIECE:
            intake.piece(values["offset"], data)
        elif step == update_link.BEGIN:
            yield from intake.signed_slices()
        elif step == update_link.CHUNK:
            intake.chunk(values["index"], values["offset"], data)
        elif step == update_link.DROP:
            intake.drop()
        else:
            yield from intake.check_slices()
            trial.want()

    def refuse(self, reason):
        """Tell why a restart that was wanted does not come."""
        self._reason = reason
        self._is_owed = True

    def _told(self, _):
        self._is_owed = True
        self.tell()

    def tell(self):
        """Send the status that is owed, if the client takes it."""
        client = self._app.uplink.client
        if not self._is_owed or not client.can_publish():
            return
        intake = self._trial.intake()[0]
        values = {
            "version": update_link.VERSION, "state": intake.state, "is_wanted": int(self._trial.is_wanted),
            "number": intake.values.get("number"),
            "index": intake.index, "offset": intake.offset,
            "update": intake.sha256[:8], "reason": self._reason.encode()[:_REASON].decode(),
        }  # fmt: skip
        self._is_owed = client.publish(self._topic, fields.pack(update_link.STATUS, values)) is None
