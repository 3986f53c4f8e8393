#!/bin/sh
# Tests bill and says how many cases failed.

cd "$(dirname "$0")" || exit 2
sheet=test-sheet.tmp
trap 'rm -f "$sheet"' EXIT
passed=0
failed=0

# check <what> <expected output> <command> <line of the timesheet>...
check() {
    what=$1 expect=$2 command=$3
    shift 3
    printf '%s\n' "$@" > "$sheet"
    got=$(sh ./bill "$command" "$sheet" 2>&1)
    status=$?
    [ "$status" -eq 0 ] || got="$got (exit $status)"
    if [ "$got" = "$expect" ]; then
        passed=$((passed + 1))
        echo "ok    $what"
    else
        failed=$((failed + 1))
        printf 'FAIL  %s\n      expected: %s\n      got:      %s\n' "$what" "$expect" "$got"
    fi
}

check "hours times rate" "total 150.00" total 2026-03-02,atlas,1.5,100
check "lines add up" "total 250.00" total \
    2026-03-02,atlas,1.5,100 2026-03-03,borealis,2,50
check "comments and empty lines do not count" "total 80.00" total \
    "# March" "" 2026-03-04,atlas,1,80
check "cents are rounded, not cut" "total 16.67" total 2026-03-05,atlas,0.25,66.67
# New cases go above this line.

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
