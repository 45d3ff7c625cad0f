"""The parts of make_evaluation_set.py, which says what they make."""
