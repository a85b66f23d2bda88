"""How soon the rules C1-C7 find what is done to a well, and how often they accuse an honest one.

Source of attacks, noise and season: integrity.md section 4; of the figures: design.md section 13.
The rules are the real ones: C1-C6 the controller's own objects, C7 the gateway's own command.
"""
