"""Physics of a well: water, pump, motor, supply, level probe. Models, each with its source and its range.

| file | what it models |
|---|---|
| `well_parameters.py` | what is bolted to the ground, and within which limits |
| `well.py` | one well: `Well`, exact books of litres and watt-hours |
| `ramps.py` | how a motor starts and stops, and what that adds to the books |
| `pump.py` | curve, wear, sand, air, dry run: head to flow and power |
| `motor.py` | voltage, lost phase and standstill: speed, power, current |
| `contactor.py` | coil, welded contacts, drop-out at low voltage |
| `aquifer.py` | Theis drawdown and recovery by superposition |
| `feeder.py` | the supply of several wells: outages, brown-outs, sag |
| `well_field.py` | several wells on one aquifer and one feeder: `WellField` |
| `level_probe.py` | what a probe shows of the level, true or spoilt |
| `well_faults.py` | faults of pump, supply and contactor by name |

Rules of this folder
- Pure: time is an argument, chance comes from a seed that is passed in.
- Whole numbers with their unit in the name at every boundary.
- Instants at which a model changes follow from what was done to it, never from when it is asked. So its
  books are the same however often and at whatever instants one looks.
- "Constructed" stands where no source was found; a number without that word has its source beside it.
"""
