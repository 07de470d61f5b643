#include "cmd/phone/words.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "cmd/phone/boot.h"
#include "cmd/phone/verify.h"
#include "trust/role.h"

static void __attribute__((format(printf, 2, 3))) say(struct words *w, const char *fmt, ...)
{
	va_list ap;

	if (w->n == WORDS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(w->line[w->n++], WORDS_LINE, fmt, ap);
	va_end(ap);
}

/* "24 hours" is what every log shows. */
static void
say_cached(unsigned seconds, struct words *out)
{
	enum { MINUTE = 60, HOUR = 3600 };
	bool hours = seconds >= HOUR;

	say(out, "TVS added cert to TVS cache - expires in %u %s",
	    seconds / (hours ? HOUR : MINUTE), hours ? "hours" : "minutes");
}

/* The server's certificate was right, and it answered: the log of an 8861 (TechNote 213407). */
static void
say_asked(const struct ask_report *r, struct words *out)
{
	say(out, "Cert Verification - Role is = %d", ROLE_TVS);
	say(out,
	    "TVS process request - Successfully sent the TVS request to TVS server, bytes written : %zu",
	    r->request);
	say(out, "TVS process request - processing TVS Query");
}

/* Lines of the same log; of a member that does not answer no log is public. */
static void
console_of_tvs(const struct ask_report *r, struct words *out)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct ask_attempt *at = &r->attempt[i];

		say(out, "SECUREAPP-Attempting connect to TVS server addr [%.80s], mode [%s]",
		    at->to.host, address_is_v6(at->to.host) ? "IPv6" : "IPv4");
		if (at->outcome == ATTEMPT_ANSWERED)
			say_asked(r, out);
	}
	if (r->end == ASK_VOUCHED && r->ttl > 0)
		say_cached(r->ttl, out);
}

/* A list on the console.  "Using leap of faith..." is a string of the 8941's firmware, the two "TL
 * file ..." lines are in the log of an 8861 (TechNote 213407). */
static void
console_of_accepted_list(const struct boot_step *s, struct words *out)
{
	if (s->reason == JUDGE_FIRST_LIST || s->reason == JUDGE_EMPTY_LIST)
		say(out, "Using leap of faith to accept TL file");
	else
		say(out, "TL file verified successfully.");
	if (s->held)
		say(out, "TL file updated.");
}

/* The first is from the log of an 8861 (TechNote 213407).  Of a plain file no log says anything. */
static void
console_of_accepted_config(const struct boot_step *s, struct words *out)
{
	bool checked = s->reason == JUDGE_IN_CTL || s->reason == JUDGE_IN_ITL ||
		       s->reason == JUDGE_TVS_VOUCHES;

	if (checked)
		say(out, "Hashes match... authentication successful.");
}

/* 14 is from the status messages of an 8945 that held a stranger's ITL (Cisco community), and the
 * only one seen there.  The other two are in Cisco's alarm document: a configuration that is not
 * encrypted, and one that is, but not to the phone's key. */
static int
reason_number(const struct boot_step *s)
{
	switch (s->reason) {
	case JUDGE_NOT_ENCRYPTED:
		return 15;
	case JUDGE_KEY:
		return 16;
	default:
		return 14;
	}
}

/* Both about TVS are strings of the 8941's firmware.  "invalid file ..." is what an 8945
 * shows.  For a list that is not what it claims to be no log is
 * public: those words are ours. */
static void
console_of_refused(const struct boot_step *s, struct words *out)
{
	switch (s->reason) {
	case JUDGE_NO_TVS:
		say(out, "VALIDATE CERT - TVS not enabled");
		break;
	case JUDGE_TVS_UNREACHABLE:
	case JUDGE_TVS_LACKS:
	case JUDGE_TVS_ROLE:
		say(out, "Failed to validate cert using TVS");
		break;
	default:
		break;
	}
	if (s->kind == STEP_CONFIG)
		say(out, "invalid file %s, authenticated fail. Reason:%d", s->file,
		    reason_number(s));
	else
		say(out, "TL file verification failed.");
}

void
words_console(const struct boot_step *s, struct words *out)
{
	*out = (struct words){ .n = 0 };
	console_of_tvs(&s->tvs, out);
	if (s->fetched == FETCH_NOT_FOUND)
		say(out, "Error code 1: File not found"); /* an 8945's console */
	if (s->fetched != FETCH_GOT)
		say(out, "TFTP error : download %s fail", s->file); /* likewise */
	else if (s->judged && s->verdict == STEP_REFUSED)
		console_of_refused(s, out);
	else if (s->judged && s->kind == STEP_CONFIG)
		console_of_accepted_config(s, out);
	else if (s->judged)
		console_of_accepted_list(s, out);
}

/* As 79xx phones log it (TechNote 118699); there the address of the service stands where we have no
 * more than the name in its certificate. */
void
words_verify(const struct verify_result *r, struct words *out)
{
	const struct ask_report *t = &r->tvs;

	*out = (struct words){ .n = 0 };
	if (r->reason == VERIFY_IN_CTL || r->reason == VERIFY_IN_ITL)
		return;
	say(out, "SECD: -HTTPS cert not in CTL, <%.80s>", r->common_name);
	if (r->reason == VERIFY_NO_TVS) {
		say(out, "VALIDATE CERT - TVS not enabled"); /* 8941 firmware */
		return;
	}
	say(out, "SECD: -TVS service available, can attempt via TVS");
	if (t->end != ASK_REMEMBERED)
		say(out, "SECD: -No matching entry found at cache");
	if (t->end == ASK_VOUCHED || t->end == ASK_UNKNOWN)
		say(out, "SECD: -Authentication Response received, status : %d",
		    t->end == ASK_VOUCHED ? TVS_TRUSTED : TVS_NOT_TRUSTED);
	if (r->trusted)
		say(out, "SECD: -Authenticated the HTTPS conn via TVS");
	else
		say(out, "Failed to validate cert using TVS"); /* 8941 firmware */
}

/* What became of the lists, over all steps. */
struct lists {
	bool ctl_missing;
	bool ctl_first, itl_first; /* taken where there was none */
	bool updated;		   /* taken in place of one that was held */
	bool failed;		   /* refused, or the server was lost before one came */
};

static struct lists
lists_of(const struct boot_result *r)
{
	struct lists l = { 0 };

	for (size_t i = 0; i < r->n; i++) {
		const struct boot_step *s = &r->step[i];

		if (s->kind == STEP_CONFIG)
			continue;
		l.ctl_missing |= s->kind == STEP_CTL && s->verdict == STEP_MISSING;
		l.ctl_first |= s->kind == STEP_CTL && s->verdict == STEP_ACCEPTED && !s->held;
		l.itl_first |= s->kind == STEP_ITL && s->verdict == STEP_ACCEPTED && !s->held;
		l.updated |= s->verdict == STEP_ACCEPTED && s->held;
		l.failed |= s->verdict == STEP_REFUSED || s->verdict == STEP_LOST;
	}
	return l;
}

static void
say_lost(const struct boot_step *s, struct words *out)
{
	if (s->verdict == STEP_LOST)
		say(out, s->fetched == FETCH_UNREACHABLE ? "TFTP timeout" : "TFTP error");
}

/* Messages of the 7800, 8800 and 8821 administration guides, word for word. */
static void
say_lists(const struct boot_result *r, struct words *out)
{
	struct lists l = lists_of(r);

	if (l.ctl_missing)
		say(out, "File Not Found <CTLFile.tlv>");
	if (l.ctl_first || l.itl_first)
		say(out, "%s installed",
		    l.ctl_first && l.itl_first ? "CTL and ITL"
		    : l.ctl_first	       ? "CTL"
					       : "ITL");
	if (l.updated)
		say(out, "Trust List updated");
	if (r->n > 0 && r->step[r->n - 1].kind != STEP_CONFIG)
		say_lost(&r->step[r->n - 1], out);
	if (l.failed)
		say(out, "Trust List update failed");
	if (r->model->sbd && !r->has_ctl && !r->has_itl)
		say(out, "No Trust List installed");
}

/* The guides' words again, but for a refused file, where they have none: what an 8945 shows. */
static void
say_config(const struct boot_step *s, struct words *out)
{
	if (s->kind != STEP_CONFIG)
		return;
	say_lost(s, out);
	if (s->verdict == STEP_ACCEPTED)
		say(out, "%s", s->file);
	if (s->verdict == STEP_MISSING)
		say(out, "File not found <Cfg File>");
	if (s->verdict == STEP_REFUSED && s->fetched == FETCH_TOO_LARGE)
		say(out, "CFG TFTP Size Error");
	if (s->verdict == STEP_REFUSED && s->judged)
		say(out, "invalid file %s, authenticated fail. Reason:%d", s->file,
		    reason_number(s));
}

/* The name that was found last counts, unless one before it was refused: that is shown too. */
static void
say_configs(const struct boot_result *r, struct words *out)
{
	const struct boot_step *last = r->n > 0 ? &r->step[r->n - 1] : NULL;

	for (size_t i = 0; i < r->n; i++) {
		const struct boot_step *s = &r->step[i];

		if (s->kind != STEP_CONFIG || s == last)
			continue;
		if (s->verdict == STEP_REFUSED)
			say_config(s, out);
		if (s->verdict == STEP_ACCEPTED && last->verdict == STEP_MISSING)
			last = s;
	}
	if (last != NULL)
		say_config(last, out);
}

/* What stands at LSC in the security menu is Installed or Not Installed (7900 and 8800
 * administration guides); the other two are ours. */
static void
say_lsc(const struct enrol_report *r, struct words *out)
{
	if (r->end == ENROL_NEEDS_HAND)
		say(out, "LSC: authentication string needed");
	else if (r->stored || r->deleted)
		say(out, "LSC: %s", r->stored ? "Installed" : "Not Installed");
	else if (r->to.host[0] != '\0' && r->end != ENROL_DONE)
		say(out, "LSC: update failed");
}

void
words_status(const struct boot_result *r, struct words *out)
{
	*out = (struct words){ .n = 0 };
	if (r->damaged)
		say(out, "Could not load CTL/ITL File from persistent memory."); /* 8941 firmware */
	say_lists(r, out);
	say_configs(r, out);
	say_lsc(&r->enrol, out);
}

enum {
	TL_NONE,
	TL_SUCCESS,
	TL_CTL_INITIAL,
	TL_ITL_INITIAL,
	TL_INITIAL,
	TL_FAILED_OLD_CTL,
	TL_FAILED_NO_TL,
	TL_FAILED,
	TL_FAILED_OLD_ITL,
	TL_FAILED_OLD_TL,
};

static int
code_of_failure(const struct boot_result *r, const struct lists *l)
{
	if (!r->has_ctl && !r->has_itl)
		return TL_FAILED_NO_TL;
	if (l->ctl_first || l->itl_first || l->updated)
		return TL_FAILED; /* one list failed, but not all it has now is old */
	if (r->has_ctl && r->has_itl)
		return TL_FAILED_OLD_TL;
	return r->has_ctl ? TL_FAILED_OLD_CTL : TL_FAILED_OLD_ITL;
}

/* Cisco's alarm document has names only; when each is sent is our reading of them. */
int
words_tl_code(const struct boot_result *r)
{
	struct lists l = lists_of(r);

	if (l.failed)
		return code_of_failure(r, &l);
	if (!r->has_ctl && !r->has_itl)
		return r->model->sbd ? TL_FAILED_NO_TL : TL_NONE;
	if (l.ctl_first && l.itl_first)
		return TL_INITIAL;
	if (l.ctl_first)
		return TL_CTL_INITIAL;
	return l.itl_first ? TL_ITL_INITIAL : TL_SUCCESS;
}

const char *
words_tl_name(int code)
{
	static const char *const name[] = {
		[TL_SUCCESS] = "TL_SUCCESS",
		[TL_CTL_INITIAL] = "CTL_INITIAL_SUCCESS",
		[TL_ITL_INITIAL] = "ITL_INITIAL_SUCCESS",
		[TL_INITIAL] = "TL_INITIAL_SUCCESS",
		[TL_FAILED_OLD_CTL] = "TL_FAILED_OLD_CTL",
		[TL_FAILED_NO_TL] = "TL_FAILED_NO_TL",
		[TL_FAILED] = "TL_FAILED",
		[TL_FAILED_OLD_ITL] = "TL_FAILED_OLD_ITL",
		[TL_FAILED_OLD_TL] = "TL_FAILED_OLD_TL",
	};

	return code > TL_NONE && code <= TL_FAILED_OLD_TL ? name[code] : NULL;
}
