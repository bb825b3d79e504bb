#!/bin/sh
# Simulates the AWS CLI in an account with one stack, which has made the tables shop and
# shop-rollups.
#
#   FUNCTION_ERROR        what the invocation of the processor reports, or None
#   FIRST_STATE           the state of the event source mapping when it is first read
#   STACK                 the status of the stack
#   DESCRIPTION           the description of its template
#   STILL                 the name under which the stack is still listed, or nothing
#   OWNER                 the stack that the tags of a table name
#   LOG_FILTERS           whether the filters of a template are logged when it is packaged, or nothing
#   ROLLUPS_TABLE_FOUND   the rollups table among the resources of the stack, or nothing
. "${0%/*}/tool.sh"

: "${FUNCTION_ERROR=None}" "${FIRST_STATE=Enabled}" "${OWNER=arn:stack}" "${LOG_FILTERS=}"
: "${DESCRIPTION=Weir: the table shop and its rollups}" "${ROLLUPS_TABLE_FOUND=shop-rollups}"

# Prints the state of the event source mapping: the first one once, then Enabled.
print_mapping_state() {
    if [ -e "$LOG.enabled" ]; then
        echo Enabled
    else
        : >"$LOG.enabled"
        echo "$FIRST_STATE"
    fi
}

# Logs the filters of the template that is packaged.
log_filters() {
    while [ "$1" != --template-file ]; do shift; done
    while read -r field; do
        case "$field" in
        "- Pattern: "*) printf 'packages the filter %s\n' "${field#- Pattern: }" >>"$LOG" ;;
        esac
    done <"$2"
}

# The first pattern that matches counts.
case "$line" in
*" [invoke]"*)
    read -r event
    printf 'reads %s\n' "$event" >>"$LOG"
    echo "$FUNCTION_ERROR"
    ;;
*"[describe-stack-resource]"*Processor*) echo shop-Processor ;;
*describe-stack-resource*) echo mapping-1 ;;
*LastModified*) echo 2026-11-30T10:00:00.000000+00:00 ;;
*get-event-source-mapping*) print_mapping_state ;;
*"[package]"*) [ -z "$LOG_FILTERS" ] || log_filters "$@" ;;
*StackStatus*) echo "$STACK" ;;
*StackId*) echo arn:stack ;;
*Description*) echo "$DESCRIPTION" ;;
*"[Stacks[?StackName"*) echo "$STILL" ;;
*TableArn*) echo arn:table ;;
*list-tags-of-resource*stack-id*) echo "$OWNER" ;;
*list-tags-of-resource*) echo shop ;;
*list-stack-resources*RollupsTable*) echo "$ROLLUPS_TABLE_FOUND" ;;
*list-stack-resources*) echo shop ;;
*describe-stacks*) print_outputs ;;
esac
