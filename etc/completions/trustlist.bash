# shellcheck shell=bash
# Completion of trustlist for bash.  Nouns, verbs and options are asked of the program's own help,
# so they are those of the program that is installed.

# What stands for itself on the line before the word being completed: noun, verb, arguments.
_trustlist_words() {
	local i word

	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		--json | --yes | --help | --version | --restart | --dry-run | --chain | --der | --by-name | \
			--stay | --offline | --all | --no-ec | --at-once | --lsc | --generate-string | --pending | --stale | --back) ;;
		--encrypted-config) # of `phone set` it has a value
			[[ ${COMP_WORDS[i + 1]-} != @(on|off) ]] || ((i++))
			;;
		--*) ((i++)) ;; # and its value
		*) printf '%s\n' "$word" ;;
		esac
	done
}

_trustlist_nouns() {
	"$1" help 2>/dev/null | awk '/^options/ { exit } /^  [a-z]/ { print $1 }'
}

# The next word of the verbs that begin with these; behind the verb stands what it does.
_trustlist_verbs() {
	"$1" help "$2" 2>/dev/null | awk -v typed="${*:2} " '{
		sub(/^ +/, ""); sub(/  .*/, "")
		if (index($0, typed) == 1) { $0 = substr($0, length(typed) + 1); print $1 }
	}'
}

_trustlist_options() {
	"$@" --help 2>/dev/null | awk '/^  --/ { print $1 }'
}

_trustlist() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} found='' words

	COMPREPLY=()
	mapfile -t words < <(_trustlist_words)
	case $prev in
	--root | --memory | --report | --a | --b)
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		return
		;;
	--log-level) found='error warn info debug' ;;
	--release) found='8.0 10.0 11.5 12.5 14' ;;
	--digest) found='sha1 sha512' ;;
	--security) found='non-secure authenticated encrypted' ;;
	--encrypted-config)
		# Of `phone add` it has no value.
		if [[ ${words[*]:0:2} == 'phone set' ]]; then
			found='on off'
		else
			found=$(_trustlist_options "$1" "${words[@]:0:4}")
		fi
		;;
	--role) found='read operate admin' ;;
	--disabled) found='yes no' ;;
	--operation) found='install delete troubleshoot none' ;;
	--auth) found='null string lsc mic' ;;
	--key)
		# A file, but where it is the kind of key that a phone is to make.
		[[ ${words[*]:0:2} != 'capf schedule' ]] ||
			found='rsa:2048 rsa:3072 rsa:4096 ec:256 ec:384 ec:521 ec:384,rsa:2048'
		;;
	--show | --shown) found='lsc mic' ;;
	--store)
		found='CallManager CallManager-ECDSA TVS CAPF ITLRecovery tomcat CallManager-trust
			CAPF-trust Phone-SAST-trust Phone-VPN-trust TVS-trust tomcat-trust'
		;;
	--*) ;;
	*)
		if [[ $cur == -* ]]; then
			found=$(_trustlist_options "$1" "${words[@]:0:4}")
		elif ((${#words[@]} == 0)); then
			found="help $(_trustlist_nouns "$1")"
		else
			found=$(_trustlist_verbs "$1" "${words[@]}")
			[[ ${words[*]:0:2} != rehearse\ @(run|show) ]] ||
				found=$("$1" rehearse list 2>/dev/null | awk 'NR > 1 { print $1 }')
		fi
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$found" -- "$cur")
}

# Where nothing of the above fits, a file name is wanted.
complete -o default -F _trustlist trustlist
