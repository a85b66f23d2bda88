"""Tables of what technicians brought in: commissionings of sites, their photos, and who may sign them."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from karez_gateway.store.metadata import Key, metadata

# Each file as it was signed; what stands beside it is only there to be searched. Nothing is ever replaced.
commissioning = Table(
    "commissioning",
    metadata,
    Column("id", Key, primary_key=True),
    Column("site", Text, nullable=False),
    Column("version", Integer, nullable=False),  # of this site, from 1, in the order of coming in
    Column("kind", Text, nullable=False),  # commissioning, box-swap, meter-swap
    Column("controller_id", ForeignKey("controller.id"), nullable=False),
    Column("technician", Integer, nullable=False),
    Column("list_seq", BigInteger, nullable=False),  # the list of technicians that was in force
    Column("result", Text, nullable=False),  # passed, skipped, failed
    Column("permit", Text),
    Column("latitude_udeg", Integer),
    Column("longitude_udeg", Integer),
    Column("finished_utc_s", BigInteger, nullable=False),
    Column("taken_utc_s", BigInteger, nullable=False),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("file", LargeBinary, nullable=False),
    UniqueConstraint("site", "version", name="uq_commissioning_version"),
    Index("ix_commissioning_permit", "permit"),
)

# Photos are kept elsewhere; by its digest one is found to belong here.
commissioning_photo = Table(
    "commissioning_photo",
    metadata,
    Column("commissioning_id", ForeignKey("commissioning.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("file", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", LargeBinary(32), nullable=False),
    Index("ix_commissioning_photo_sha256", "sha256"),
)

# Signed lists of technicians, by the root whose they are; the one with the highest number is in force.
technician_list = Table(
    "technician_list",
    metadata,
    Column("regulator_key", LargeBinary(32), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
    Column("taken_utc_s", BigInteger, nullable=False),
)
