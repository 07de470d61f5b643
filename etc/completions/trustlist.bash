# shellcheck shell=bash
# Completion of trustlist for bash.  Nouns, verbs and options are asked of the program's own help,
# so they are those of the program that is installed.

# What stands for itself on the line before the word being completed: noun, verb, arguments.
_trustlist_words() {
	local i word

	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		--json | --yes | --help | --version | --restart | --dry-run | --chain | --der | --by-name) ;;
		--*) ((i++)) ;; # and its value
		*) printf '%s\n' "$word" ;;
		esac
	done
}

_trustlist_nouns() {
	"$1" help 2>/dev/null | awk '/^options/ { exit } /^  [a-z]/ { print $1 }'
}

_trustlist_verbs() {
	"$1" help "$2" 2>/dev/null | awk -v noun="$2" '$1 == noun { print $2 }'
}

_trustlist_options() {
	"$@" --help 2>/dev/null | awk '/^  --/ { print $1 }'
}

_trustlist() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} found='' words

	COMPREPLY=()
	mapfile -t words < <(_trustlist_words)
	case $prev in
	--root | --memory | --report)
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		return
		;;
	--log-level) found='error warn info debug' ;;
	--release) found='8.0 10.0 11.5 12.5 14' ;;
	--digest) found='sha1 sha512' ;;
	--store)
		found='CallManager TVS CAPF ITLRecovery tomcat CallManager-trust CAPF-trust
			Phone-SAST-trust Phone-VPN-trust TVS-trust tomcat-trust'
		;;
	--*) ;;
	*)
		if [[ $cur == -* ]]; then
			found=$(_trustlist_options "$1" "${words[@]:0:2}")
		elif ((${#words[@]} == 0)); then
			found="help $(_trustlist_nouns "$1")"
		elif ((${#words[@]} == 1)); then
			found=$(_trustlist_verbs "$1" "${words[0]}")
		fi
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$found" -- "$cur")
}

# Where nothing of the above fits, a file name is wanted.
complete -o default -F _trustlist trustlist
