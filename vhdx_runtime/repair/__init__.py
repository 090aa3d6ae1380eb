"""Repair a container: plan byte patches rule by rule, write them so that a crash does no harm, and take them back."""
