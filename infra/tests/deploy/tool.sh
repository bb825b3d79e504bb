# The part that all simulated tools share: it logs the arguments to $LOG, and fails if they match.
#
#   FAIL   a part of the line of arguments at which the tool fails
#   SAYS   the message of such a failure on standard error
#
# The variables of this file and of aws.sh have defaults; a test sets those that it is about.

: "${FAIL=nothing}" "${SAYS=the tool says why}"
: "${AUTHORIZATION=AWS_IAM}" "${TABLE_FOUND=shop}"

line="${0##*/}"
for word in "$@"; do line="$line [$word]"; done
printf '%s\n' "$line" >>"$LOG"
case "$line" in
*"$FAIL"*)
    echo "$SAYS" >&2
    exit 7
    ;;
esac

# Prints the outputs of the stack.
print_outputs() {
    echo '[{"OutputKey": "ApiUrl", "OutputValue": "https://api.example.com"},
  {"OutputKey": "Authorization", "OutputValue": "'"$AUTHORIZATION"'"},
  {"OutputKey": "TableName", "OutputValue": "'"$TABLE_FOUND"'"},
  {"OutputKey": "StreamArn", "OutputValue": "arn:aws:dynamodb:eu-west-1:123456789012:table/shop/stream/now"}]'
}
