"""Kinds of objects in the county's registry, as data: each field with its name, its column and its sort.

The *name* of an object is its key field, or several of them joined by a slash. A field that refers names a
kind; what it refers to must be there. `column` is what stands in files, with the unit that people write;
`key` is what the books hold, with the unit that they count in.
"""

from karez_gateway.county.registry.kinds_of_places import PLACES
from karez_gateway.county.registry.kinds_of_years import YEARS

KINDS = {one.name: one for one in (*PLACES, *YEARS)}
