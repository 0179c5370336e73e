"""What happened to each customer, in one order, and the journeys that it makes up."""
