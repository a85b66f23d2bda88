"""What an operator does and sees around the service: set-up, backup, doctor, status."""
