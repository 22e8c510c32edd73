"""The pages of communications."""
