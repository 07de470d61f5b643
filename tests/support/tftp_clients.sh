#!/usr/bin/env bash
# Fetches files from a TFTP server with other people's clients and compares them byte by byte.
#
#	tftp_clients.sh ADDRESS PORT FOLDER
#
# FOLDER is the one that the server serves; the files are made there when they are missing.
# ADDRESS may be IPv4 or IPv6.  The exit status is 0 when all came and were right.
set -euo pipefail

if [ $# -ne 3 ]; then
	echo "usage: $0 ADDRESS PORT FOLDER" >&2
	exit 2
fi
address=$1
port=$2
folder=$3
sizes="0 1 511 512 513 65536 41943040"
block_sizes="512 1428 8192"
took=$(mktemp -d)
trap 'rm -rf "$took"' EXIT
good=0
bad=0

make_files() {
	local size
	for size in $sizes; do
		[ -f "$folder/bytes-$size" ] ||
			head -c "$size" /dev/urandom >"$folder/bytes-$size"
	done
}

# curl wants brackets around an IPv6 address, the others do not.
in_url() {
	case $1 in
	*:*) echo "[$1]" ;;
	*) echo "$1" ;;
	esac
}

with_curl() { # SIZE BLOCK_SIZE
	curl --silent --show-error --max-time 120 --tftp-blksize "$2" \
		--output "$took/file" "tftp://$(in_url "$address"):$port/bytes-$1"
}

# It has no option for the size of the blocks.
with_hpa() { # SIZE
	timeout 120 tftp -m binary "$address" "$port" -c get "bytes-$1" "$took/file"
}

with_atftp() { # SIZE BLOCK_SIZE
	timeout 120 atftp --option "blksize $2" --get --remote-file "bytes-$1" \
		--local-file "$took/file" "$address" "$port"
}

with_windows() { # SIZE BLOCK_SIZE BLOCKS
	timeout 120 atftp --option "blksize $2" --option "windowsize $3" --get \
		--remote-file "bytes-$1" --local-file "$took/file" "$address" "$port"
}

with_busybox() { # SIZE BLOCK_SIZE
	timeout 120 busybox tftp -g -b "$2" -r "bytes-$1" -l "$took/file" "$address" "$port"
}

# A client that leaves no file for an empty one has fetched it all the same.
check() { # NAME-OF-CLIENT SIZE COMMAND...
	local client=$1 size=$2
	shift 2
	rm -f "$took/file"
	if "$@" >"$took/said" 2>&1 && touch "$took/file" &&
		cmp -s "$took/file" "$folder/bytes-$size"; then
		good=$((good + 1))
		return
	fi
	bad=$((bad + 1))
	echo "$client: $size bytes from $address port $port: not fetched, or other bytes" >&2
	cat "$took/said" >&2
}

make_files
for size in $sizes; do
	check "tftp-hpa" "$size" with_hpa "$size"
	for block_size in $block_sizes; do
		check "curl, blksize $block_size" "$size" with_curl "$size" "$block_size"
		check "atftp, blksize $block_size" "$size" with_atftp "$size" "$block_size"
		check "atftp, blksize $block_size, windowsize 16" "$size" \
			with_windows "$size" "$block_size" 16
		check "busybox, blksize $block_size" "$size" with_busybox "$size" "$block_size"
	done
done
echo "$address port $port: $good fetched and right, $bad not"
[ "$bad" -eq 0 ]
