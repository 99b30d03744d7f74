"""The tests of Twiza, room by room as the code."""
