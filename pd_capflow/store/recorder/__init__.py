"""The recorder: asks a gateway through the day, and keeps in a store what it serves."""
