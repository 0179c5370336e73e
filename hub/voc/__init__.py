"""What a customer's past says that somebody should act on: signals, risk with reasons, cases."""
