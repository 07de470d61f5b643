#include "admin/plan.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const words[PLAN_METHODS] = {
	[PLAN_BULK] = "bulk",
	[PLAN_ROLLBACK] = "rollback",
	[PLAN_TOKENS] = "tokens",
};

const char *
plan_word(enum plan_method method)
{
	return words[method];
}

int
plan_method_of(const char *word, enum plan_method *out, struct err *e)
{
	for (size_t i = 0; i < PLAN_METHODS; i++)
		if (strcmp(word, words[i]) == 0) {
			*out = (enum plan_method)i;
			return 0;
		}
	err_set(e, ERR_USAGE, "\"%.40s\" is no method of migration", word);
	return err_hint(e, "bulk, rollback or tokens");
}

const char *
plan_state_word(enum plan_state state)
{
	static const char *const word[] = {
		[PLAN_DONE] = "done",
		[PLAN_TO_DO] = "to do",
		[PLAN_WATCH] = "check",
	};

	return word[state];
}

/* ---- the pieces ---- */

static void __attribute__((format(printf, 2, 3)))
stands_in_the_way(struct plan *p, const char *fmt, ...)
{
	va_list ap;

	assert(p->obstacles < PLAN_OBSTACLES_MAX);
	va_start(ap, fmt);
	vsnprintf(p->obstacle[p->obstacles++], PLAN_TEXT_MAX, fmt, ap);
	va_end(ap);
}

static struct plan_step *__attribute__((format(printf, 4, 5)))
step(struct plan *p, enum plan_state state, const char *where, const char *what, ...)
{
	struct plan_step *s = &p->step[p->n++];
	va_list ap;

	assert(p->n <= PLAN_STEPS_MAX);
	s->state = state;
	s->where = where;
	va_start(ap, what);
	vsnprintf(s->what, sizeof(s->what), what, ap);
	va_end(ap);
	return s;
}

static void __attribute__((format(printf, 3, 4)))
command(struct plan_step *s, const struct plan_side *side, const char *fmt, ...)
{
	char rest[PLAN_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(rest, sizeof(rest), fmt, ap);
	va_end(ap);
	snprintf(
	    s->command, sizeof(s->command), "trustlist --root %.100s %.250s", side->root, rest);
}

static void
say(char to[PLAN_TEXT_MAX], const char *text)
{
	snprintf(to, PLAN_TEXT_MAX, "%s", text);
}

static enum plan_state
done_if(bool is)
{
	return is ? PLAN_DONE : PLAN_TO_DO;
}

static void
services_run(struct plan *p, const struct plan_side *side, const char *where)
{
	struct plan_step *s = step(p, done_if(side->served && side->services), where,
	    "All services of %s run", side->name);

	if (!side->served)
		command(s, side, "serve");
	else
		command(s, side, "service list");
	say(s->menu, "Cisco Unified Serviceability > Tools > Control Center");
	say(s->why, where[0] == 'A' ? "phones ask the TVS of the cluster they come from"
				    : "phones fetch their new lists there");
}

static void
phones_are_there(struct plan *p, const struct plan_facts *f)
{
	struct plan_step *s;

	if (f->missing == 0)
		s = step(p, PLAN_DONE, "B", "B knows all %zu phones of A", f->phones);
	else
		s = step(p, PLAN_TO_DO, "B", "Add to B the %zu of %zu phones that it does not know",
		    f->missing, f->phones);
	command(s, &f->b, "phone add NAME --model MODEL");
	say(s->menu, "Bulk Administration > Phones > Insert Phones");
	say(s->why, "a phone that nobody knows gets the default configuration, or none");
}

static void
phones_match(struct plan *p, const struct plan_facts *f)
{
	struct plan_step *s = step(p, done_if(f->match == f->phones), "A",
	    "Every phone holds the newest list of A: %zu of %zu do", f->match, f->phones);

	command(s, &f->a, "phone list");
	say(s->menu, "Device > Phone > Find and List: ITL File Status");
	say(s->why, "what is powered off now is locked when it returns after the move");
}

static void
move(struct plan *p, const struct plan_facts *f)
{
	struct plan_step *s = step(p, PLAN_TO_DO, "DHCP",
	    "Option 150 (or 66) names %s, then reset the phones", f->b.address);

	command(s, &f->a, "phone reset --all");
	say(s->menu, "Device > Phone > Find and List: Reset Selected");
	say(s->why, "a few phones first: they show whether the rest will follow");
}

static void
watch_arrive(struct plan *p, const struct plan_facts *f)
{
	struct plan_step *s =
	    step(p, PLAN_WATCH, "B", "The phones arrive: %zu are to match", f->phones);

	command(s, &f->b, "phone list");
	say(s->menu, "Device > Phone > Find and List: ITL File Status");
	say(s->why, "none registers at B that has not taken its list");
}

/* ---- bulk certificates ---- */

static void
export_both(struct plan *p, const struct plan_facts *f)
{
	enum plan_state state = done_if(f->untrusted == 0);
	struct plan_step *s = step(p, state, "A", "Export the certificates of A");

	command(s, &f->a, "bulk export --to %.150s", f->exchange);
	say(s->menu, "OS Administration > Security > Bulk Certificate Management: Export");
	s = step(p, state, "B", "Export the certificates of B, to the same place");
	command(s, &f->b, "bulk export --to %.150s", f->exchange);
	say(s->menu, "OS Administration > Security > Bulk Certificate Management: Export");
	s = step(p, state, "B", "Consolidate, on one of them");
	snprintf(s->command, sizeof(s->command), "trustlist bulk consolidate %.150s", f->exchange);
	say(s->menu, "OS Administration > Security > Bulk Certificate Management: Consolidate");
}

static void
import(struct plan *p, const struct plan_facts *f)
{
	struct plan_step *s = step(p, done_if(f->untrusted == 0), "A",
	    "Import on A: it trusts %zu of the %zu that sign for B", f->signers - f->untrusted,
	    f->signers);

	command(s, &f->a, "bulk import %.150s", f->exchange);
	say(s->menu, "OS Administration > Security > Bulk Certificate Management: Import");
	if (f->untrusted > 0)
		snprintf(s->why, sizeof(s->why), "A does not know %.300s", f->first_untrusted);
	else
		say(s->why, "A vouches for who signs the lists and files of B");
}

static void
tell_tvs(struct plan *p, const struct plan_facts *f)
{
	struct plan_step *s = step(
	    p, done_if(f->untrusted == 0 && f->a.tvs_tells), "A", "Restart TVS on every node of A");

	command(s, &f->a, "service restart TVS");
	say(s->menu, "Cisco Unified Serviceability > Tools > Control Center - Network Services");
	say(s->why,
	    "else TVS hears of the import only by certificate change notification, and phones "
	    "that move before are locked");
}

static void
rollback_off(struct plan *p, const struct plan_facts *f)
{
	struct plan_step *s = step(p, done_if(!f->a.rollback && f->a.tftp_fresh), "A",
	    "Prepare Cluster for Rollback to pre 8.0 is False, and TFTP serves such a list");

	command(s, &f->a, "param set \"Prepare Cluster for Rollback to pre 8.0\" False --restart");
	say(s->menu, "System > Enterprise Parameters");
	say(s->why, "an emptied list names no TVS to ask: the two methods exclude each other");
}

static void
make_bulk(struct plan *p, const struct plan_facts *f)
{
	services_run(p, &f->a, "A");
	services_run(p, &f->b, "B");
	rollback_off(p, f);
	phones_are_there(p, f);
	phones_match(p, f);
	export_both(p, f);
	import(p, f);
	tell_tvs(p, f);
	move(p, f);
	watch_arrive(p, f);
	command(step(p, PLAN_WATCH, "A", "A stays on until the last phone has moved"), &f->a,
	    "service list");
	say(p->step[p->n - 1].why, "its TVS is who vouches for B; without it phones are locked");
}

/* ---- rollback ---- */

static void
rollback_on(struct plan *p, const struct plan_facts *f)
{
	struct plan_step *s = step(
	    p, done_if(f->a.rollback), "A", "Set Prepare Cluster for Rollback to pre 8.0 to True");

	command(s, &f->a, "param set \"Prepare Cluster for Rollback to pre 8.0\" True");
	say(s->menu, "System > Enterprise Parameters");
	say(s->why, "the ITL is built with empty TVS and TFTP sections");
	s = step(p, done_if(f->a.rollback && f->a.tftp_fresh && f->a.tvs_tells), "A",
	    "Restart TVS, TFTP and CallManager, in this order, on every node of A");
	command(s, &f->a, "service restart TVS TFTP CallManager");
	say(s->menu, "Cisco Unified Serviceability > Tools > Control Center");
	say(s->why,
	    "TFTP serves the emptied list only after its restart; HTTPS phone services fail "
	    "from here on");
	s = step(p, done_if(f->phones > 0 && f->empty == f->phones), "phones",
	    "Reset the phones, and wait until all hold the emptied list: %zu of %zu do", f->empty,
	    f->phones);
	command(s, &f->a, "phone reset --all");
	say(s->menu, "Device > Phone > Find and List: Reset Selected");
	say(s->why, "who does not take it now has to have its list erased by hand later");
}

static void
make_rollback(struct plan *p, const struct plan_facts *f)
{
	struct plan_step *s;

	/* What non-secure mode leaves is a CTL whose records of TFTP servers are blank, which binds
	 * no phone (TechNote 221657). */
	if (f->a.mixed)
		stands_in_the_way(p,
		    "%s is in mixed mode and has a CTL: the parameter empties the ITL only, and "
		    "phones stay locked to the CTL they hold",
		    f->a.name);
	else if (f->ctl_bound > 0)
		stands_in_the_way(p,
		    "%zu of %zu phones hold a CTL of mixed mode still, which the parameter does not "
		    "empty: let them boot from %s, and take the CTL of non-secure mode",
		    f->ctl_bound, f->phones, f->a.name);
	services_run(p, &f->a, "A");
	phones_are_there(p, f);
	rollback_on(p, f);
	move(p, f);
	watch_arrive(p, f);
	s = step(p, PLAN_WATCH, "A", "Set the parameter to False again if A stays in use");
	command(s, &f->a, "param set \"Prepare Cluster for Rollback to pre 8.0\" False --restart");
	say(s->menu, "System > Enterprise Parameters");
	say(s->why, "while it is True, phones there take any configuration, signed or not");
}

/* ---- tokens ---- */

static void
mixed_mode(struct plan *p, const struct plan_side *side, const char *where)
{
	struct plan_step *s = step(p, done_if(side->mixed && side->tokens), where,
	    "%s is in mixed mode, with a CTL that tokens signed", side->name);

	command(s, side, "ctl set-mode mixed-mode --token TOKEN1 --token TOKEN2");
	say(s->menu, "Cisco CTL Client > Set Cisco Unified CallManager Cluster to Mixed Mode");
}

static void
make_tokens(struct plan *p, const struct plan_facts *f)
{
	struct plan_step *s;

	if (f->a.release >= RELEASE_14 || f->b.release >= RELEASE_14)
		stands_in_the_way(p, "release 14 has no tokens any more");
	services_run(p, &f->b, "B");
	phones_are_there(p, f);
	mixed_mode(p, &f->a, "A");
	mixed_mode(p, &f->b, "B");
	s = step(p, done_if(f->shared_token != NULL), "B", "A token of A's CTL signs the CTL of B");
	command(s, &f->b, "ctl update --token TOKEN1 --token TOKEN2");
	say(s->menu, "Cisco CTL Client > Update CTL File, with a token of A");
	if (f->shared_token != NULL)
		snprintf(s->why, sizeof(s->why), "%.300s stands in both", f->shared_token);
	else
		say(s->why, "a phone takes B's CTL when a token that its own CTL names signed it");
	phones_match(p, f);
	move(p, f);
	watch_arrive(p, f);
}

void
plan_make(const struct plan_facts *facts, enum plan_method method, struct plan *out)
{
	static void (*const make[PLAN_METHODS])(struct plan * p, const struct plan_facts *f) = {
		[PLAN_BULK] = make_bulk,
		[PLAN_ROLLBACK] = make_rollback,
		[PLAN_TOKENS] = make_tokens,
	};

	memset(out, 0, sizeof(*out));
	out->method = method;
	make[method](out, facts);
}
