#!/usr/bin/env bash
# What a monitor is told: whether the process lives, whether phones are served and why not, and the
# numbers, which another parser than ours reads.  TVS and CAPF are asked, and it is counted.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"
# shellcheck source=tests/scenario/capf.sh
. "$here/capf.sh"

etc=$here/../../etc
health_port=9469
conf=$work/a/trustlist.conf

# get PATH: leaves the status in $code, the body in $work/body.
get() {
	code=$(curl -s -m 10 -o "$work/body" -w '%{http_code}' "http://${address[a]}:$health_port$1") ||
		code=none
}
# answers STATUS PATH [WORDS]: at once or soon, for an answer is good for a second.
answers() {
	local i
	for ((i = 0; i < 100; i++)); do
		get "$2"
		if [[ $code == "$1" ]] && { (($# < 3)) || grep -qF -- "$3" "$work/body"; }; then
			return
		fi
		sleep 0.1
	done
	fail "$2: $code, not $1 ${3-}: $(head -c 600 "$work/body")"
}
# numbers [SAMPLE=VALUE...]: /metrics is well-formed and says so, now or soon.
numbers() {
	local i
	for ((i = 0; i < 100; i++)); do
		get /metrics
		if [[ $code == 200 ]] && python3 "$here/../support/prometheus_check.py" "$@" \
			<"$work/body" 2>"$work/missed"; then
			return
		fi
		sleep 0.2
	done
	fail "metrics: $code $(cat "$work/missed")"
}
# sets KEY VALUE: in [health].
sets() {
	sed -i "/^\[health\]/,/^\[/ s/^$1 = .*/$1 = $2/" "$conf"
}

the_parser_can_say_no() {
	local text
	while IFS= read -r text; do
		printf '%b' "$text" | python3 "$here/../support/prometheus_check.py" 2>"$work/missed" &&
			fail "well-formed? $text"
	done <<'END'
# HELP a b\n# TYPE a gauge\na 1
# HELP a b\na 1\n
# HELP a b\n# TYPE a counter\na 1\n
# HELP a b\n# TYPE a gauge\na 1\na 1\n
# HELP a b\n# TYPE a gauge\na{b="c"} 1\na{b="c"} 2\n
# HELP a b\n# TYPE a gauge\na{b="c} 1\n
# HELP a b\n# TYPE a gauge\na{b="\\x"} 1\n
# HELP a b\n# TYPE a gauge\nb 1\n
# HELP a b\n# TYPE a gauge\na 1\n# HELP b b\n# TYPE b gauge\nb 1\na{c="d"} 1\n
# HELP a b\n# TYPE a gauge\na one\n
# HELP a b\n# TYPE a histogram\na_bucket{le="1"} 2\na_bucket{le="+Inf"} 1\na_sum 1\na_count 1\n
# HELP a b\n# TYPE a histogram\na_bucket{le="1"} 1\na_sum 1\na_count 1\n
END
	printf '# HELP a b\n# TYPE a gauge\na{b="c\\\\\\"\\n"} 1\n' |
		python3 "$here/../support/prometheus_check.py" || fail 'not well-formed?'
	printf '# HELP a b\n# TYPE a gauge\na 1\n' |
		python3 "$here/../support/prometheus_check.py" a=2 2>"$work/missed" && fail 'a is 2?'
	return 0
}

nobody_is_there_unless_asked_for() {
	lab_serve a
	get /healthz
	[[ $code == none || $code == 000 ]] || fail "a listener that nobody asked for: $code"
	lab_stop a
}

ready() {
	answers 200 /healthz '"alive": true'
	answers 200 /readyz '"state": "ready"'
	answers 404 /
	answers 404 /metrics/x
	code=$(curl -s -o /dev/null -w '%{http_code}' -X POST -d x "http://${address[a]}:$health_port/readyz")
	[[ $code == 405 ]] || fail "POST: $code"
	code=$(curl -sI -o /dev/null -w '%{http_code}' "http://${address[a]}:$health_port/metrics")
	[[ $code == 200 ]] || fail "HEAD: $code"
	curl -sI "http://${address[a]}:$health_port/metrics" |
		grep -qi '^content-type: text/plain; version=0.0.4; charset=utf-8' || fail 'Content-Type'
}

# What alerts and dashboard speak of is there.
numbers_are_those_of_the_alerts() {
	numbers 'trustlist_ready=1' 'trustlist_build_info{version="0.1.0"}=1' \
		'trustlist_list_number{list="ITL",node="a-pub"}=1' \
		--names "$etc/prometheus/trustlist.rules.yml" "$etc/grafana/trustlist.json"
	python3 -m json.tool "$etc/grafana/trustlist.json" >"$work/board" || fail 'the dashboard is no JSON'
	if command -v promtool >/dev/null; then
		promtool check rules "$etc/prometheus/trustlist.rules.yml" >"$work/said" ||
			fail "alerts: $(cat "$work/said")"
		promtool test rules "$etc/prometheus/trustlist.rules.test.yml" >"$work/said" ||
			fail "alerts: $(cat "$work/said")"
	fi
}

# requests SERVICE VERDICT NUMBER
requests() {
	numbers "trustlist_requests_total{node=\"a-pub\",service=\"$1\",verdict=\"$2\"}=$3"
}

tvs_is_counted() {
	of a cert export CallManager >"$work/known.pem"
	openssl req -x509 -newkey rsa:2048 -nodes -keyout /dev/null -out "$work/stranger.pem" \
		-subj /CN=stranger -days 1 2>/dev/null
	run python3 "$support/tvs_client.py" "${address[a]}" 2445 "$work/known.pem"
	run python3 "$support/tvs_client.py" "${address[a]}" 2445 "$work/known.pem"
	run python3 "$support/tvs_client.py" "${address[a]}" 2445 "$work/stranger.pem"
	requests tvs trusted 2
	requests tvs not_trusted 1
	numbers 'trustlist_request_duration_seconds_count{node="a-pub",service="tvs"}=3' \
		'trustlist_tls_handshakes_total{node="a-pub",service="tvs"}=3' \
		'trustlist_connections{node="a-pub",service="tvs"}=0'
	printf 'no TLS\r\n\r\n' >"/dev/tcp/${address[a]}/2445"
	numbers 'trustlist_tls_handshakes_failed_total{node="a-pub",service="tvs"}=1'
	expect 0 --root "$work/a" service stats
	shows 'Not trusted'
	expect 0 --root "$work/a" service stats --json
	shows_json '"trusted":2,"not_trusted":1'
}

capf_is_counted() {
	add_phone SEP001122334401 8861
	order_by_string SEP001122334401 install 12345
	numbers 'trustlist_capf_orders{state="pending"}=1' 'trustlist_lscs=0'
	talks 'AUTH END:*' SEP001122334401 --password 99999
	requests capf refused 1
	talks 'AUTH KEY:rsa:2048 STORE END:1' SEP001122334401 --password 12345
	requests capf "done" 1
	numbers 'trustlist_lscs=1' 'trustlist_lscs_expiring=0' \
		'trustlist_capf_orders{state="success"}=1' \
		'trustlist_request_duration_seconds_count{node="a-pub",service="capf"}=*'
}

phones_are_counted() {
	numbers 'trustlist_phones{state="Unknown"}=1' 'trustlist_phones{state="Match"}=0'
	boots 0 SEP001122334401 a
	numbers 'trustlist_phones{state="Match"}=1' 'trustlist_phones{state="Unknown"}=0'
}

# A change that waits for its restart, and a service that an operator stopped.
changes_are_told() {
	expect 0 --root "$work/a" cert regenerate TVS
	answers 200 /readyz '"state": "degraded"'
	answers 200 /readyz 'TVS of a-pub must restart'
	numbers 'trustlist_service_restart_wanted{node="a-pub",service="TVS"}=1'
	expect 0 --root "$work/a" service restart
	answers 200 /readyz '"state": "ready"'
	numbers 'trustlist_phones{state="Mismatch"}=1'
	expect 0 --root "$work/a" service stop TVS
	answers 503 /readyz 'TVS of a-pub is stopped'
	answers 200 /healthz
	numbers 'trustlist_ready=0' 'trustlist_service_running{node="a-pub",service="TVS"}=0'
	expect 0 --root "$work/a" service start TVS
	answers 200 /readyz '"state": "ready"'
}

# Another port, and one that is taken: then all stays as it was.
the_configuration_is_read_again() {
	sets port 9470
	kill -HUP "${server[a]}"
	health_port=9470
	answers 200 /readyz
	sets port 6970
	: >"$work/a.log"
	kill -HUP "${server[a]}"
	for ((i = 0; i < 200; i++)); do
		grep -q config-refused "$work/a.log" && break
		sleep 0.05
	done
	grep -q 'port 6970' "$work/a.log" || fail 'a port that HTTP has was not refused'
	answers 200 /readyz
	sets port 0
	kill -HUP "${server[a]}"
	for ((i = 0; i < 100; i++)); do
		get /healthz
		[[ $code == none || $code == 000 ]] && return
		sleep 0.1
	done
	fail 'the listener was not closed'
}

the_parser_can_say_no
lab_new a 0
nobody_is_there_unless_asked_for
sets port "$health_port"
sets address "${address[a]}"
lab_serve a
grep -q "health on $health_port" "$work/a.log" || fail 'the ready line does not speak of it'
ready
numbers_are_those_of_the_alerts
tvs_is_counted
capf_is_counted
phones_are_counted
changes_are_told
the_configuration_is_read_again
lab_stop a
finish
