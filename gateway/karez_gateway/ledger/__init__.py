"""取用水台账: litres of verified records, by hour, site and method."""
