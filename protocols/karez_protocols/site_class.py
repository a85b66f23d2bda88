"""Classes of use of a site, as its binding names them (design §5)."""

IRRIGATION = 0
DOMESTIC = 1
LIVESTOCK = 2
INDUSTRY = 3
CLASSES = 4
