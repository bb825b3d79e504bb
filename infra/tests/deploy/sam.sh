#!/bin/sh
# Simulates the SAM CLI, which answers a question about the outputs of the stack alone.
. "${0%/*}/tool.sh"

case "$line" in
*stack-outputs*) print_outputs ;;
esac
