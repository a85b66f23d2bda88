"""The mains go at every write: the model, the script and the program behind `make powercut`."""
