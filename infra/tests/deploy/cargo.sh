#!/bin/sh
# Simulates cargo and cargo-lambda, which build functions and print nothing.
. "${0%/*}/tool.sh"
