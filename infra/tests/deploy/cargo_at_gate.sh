#!/bin/sh
# Simulates a build that is under way: it ends after a line was written to $LOG.gate.
: >"$LOG.began"
read -r line <"$LOG.gate"
echo ended >"$LOG.ended"
