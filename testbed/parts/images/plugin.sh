#!/bin/sh
# A plugin that says what it was given: its PLUGIN_* variables, sorted. PLUGIN_EXIT: exit code, 0 by default.
env | grep '^PLUGIN_' | sort
exit "${PLUGIN_EXIT:-0}"
