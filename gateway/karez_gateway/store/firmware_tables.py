"""Tables of updates: what firmware there is, how its roll-out stands, and how far each controller is."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from karez_gateway.store.metadata import Key, metadata

# A manifest that vendor and regulator have signed, with its image; the act that added it says by whom.
firmware = Table(
    "firmware",
    metadata,
    Column("id", Key, primary_key=True),
    Column("act_id", ForeignKey("act.id"), nullable=False),
    Column("sha256", LargeBinary(32), nullable=False, unique=True),  # of the manifest
    Column("manifest", LargeBinary, nullable=False),
    Column("image", LargeBinary, nullable=False),
    Column("settings", LargeBinary, nullable=False),  # canonical JSON: bounds of its roll-out
    Column("state", Text, nullable=False),  # updates/rollout.py
    Column("stage", Text, nullable=False),  # the one it is in, or was in when it was stopped
    Column("since_utc_s", BigInteger, nullable=False),  # of the stage
    Column("resumed_utc_s", BigInteger, nullable=False),  # a person let it go on; 0: never
    Column("why", Text, nullable=False),  # the last change
)

firmware_site = Table(
    "firmware_site",
    metadata,
    Column("firmware_id", ForeignKey("firmware.id"), primary_key=True),
    Column("controller_id", ForeignKey("controller.id"), primary_key=True, autoincrement=False),
    Column("place", Integer, nullable=False),  # in the order of the roll-out
    Column("state", Text, nullable=False),
    Column("chunks", Integer, nullable=False),  # that the controller has
    Column("reason", Text, nullable=False),  # why the last step was not done
    Column("next_try_utc_s", BigInteger, nullable=False),
    Column("done_utc_s", BigInteger),  # tried, kept, returned, refused
    Index("ix_firmware_site_controller", "controller_id"),
)
