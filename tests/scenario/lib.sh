# shellcheck shell=bash
# What every scenario shares: a folder of its own, and counting what went wrong without stopping at
# the first.  TRUSTLIST is the program.  Sourced, with the shell's strict settings on.

: "${TRUSTLIST:?is the path of the program}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

fail() {
	printf 'FAILED: %s\n' "$*" >&2
	failed=$((failed + 1))
}

# run COMMAND...: leaves what it wrote in $work/stdout and $work/stderr, its exit status in $status.
run() {
	status=0
	"$@" >"$work/stdout" 2>"$work/stderr" || status=$?
}

# expect STATUS[,STATUS...] ARGUMENT...: trustlist with these arguments exits with one of these.
expect() {
	local wanted=$1
	shift
	run "$TRUSTLIST" "$@"
	[[ ",$wanted," == *",$status,"* ]] && return
	fail "trustlist $*: exit status $status, not $wanted"
	sed 's/^/    /' "$work/stderr" >&2
}

# says WORDS: the last command's standard error holds them.
says() {
	grep -qF -- "$1" "$work/stderr" && return
	fail "nothing about: $1"
	sed 's/^/    /' "$work/stderr" >&2
}

# shows WORDS: its standard output holds them.
shows() {
	grep -qF -- "$1" "$work/stdout" || fail "not shown: $1"
}

same() {
	cmp -s "$1" "$2" || fail "$1 and $2 differ"
}

finish() {
	[[ $failed -eq 0 ]] || exit 1
	printf 'ok\n'
}
