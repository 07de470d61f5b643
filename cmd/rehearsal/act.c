#include "cmd/rehearsal/act.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/verb.h"
#include "base/file.h"
#include "base/mem.h"
#include "cmd/phone/ask.h"
#include "cmd/phone/fetch.h"
#include "cmd/phone/memory.h"
#include "cmd/phone/verify.h"
#include "trust/bundle.h"
#include "trust/certs.h"
#include "trust/chain.h"
#include "trust/seen.h"
#include "trust/sighdr.h"

/* A busy machine is not a cluster that is gone: who is switched off refuses at once. */
enum { PATIENCE_SECONDS = 30 };

/* ---- boot ---- */

/* Whose turn it is. */
struct turn {
	const struct stage *s;
	const struct selection *who;
};

static bool
takes_part(void *ctx, const struct fleet_phone *p)
{
	const struct turn *t = ctx;

	return selection_has(t->who, p, &t->s->mark[p - t->s->fleet.phone]);
}

static void
mark_booted(struct stage *s, const struct selection *who)
{
	for (size_t i = 0; i < s->fleet.n; i++) {
		const struct fleet_phone *p = &s->fleet.phone[i];
		struct mark *m = &s->mark[i];

		if (p->off || !selection_has(who, p, m))
			continue;
		m->state = state_of(p, s->at);
		m->at = s->at;
		if (p->outcome == BOOT_TRUSTED)
			m->home = s->at;
	}
}

static int
tell_of(struct stage *s, const struct fleet_phone *p, struct err *e)
{
	struct bytes ctl = bytes_over(p->ctl_sha1, p->has_ctl ? sizeof(p->ctl_sha1) : 0);
	struct bytes itl = bytes_over(p->itl_sha1, p->has_itl ? sizeof(p->itl_sha1) : 0);
	struct store *store = s->cluster[s->at].store;

	if (seen_reported(store, p->name, itl, stage_now(s), e) != 0)
		return -1;
	return seen_reported_ctl(store, p->name, ctl, stage_now(s), e);
}

/* Real phones tell which lists they hold when they register (alarm DeviceTLInfo), wherever they got
 * their configuration from. */
static int
tell_cluster(struct stage *s, const struct selection *who, struct err *e)
{
	struct store *store = s->cluster[s->at].store;
	int rc = 0;

	if (store == NULL)
		return 0;
	if (store_begin_note(store, e) != 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < s->fleet.n; i++) {
		const struct fleet_phone *p = &s->fleet.phone[i];

		if (!p->off && p->booted && p->outcome != BOOT_UNREACHABLE &&
		    selection_has(who, p, &s->mark[i]))
			rc = tell_of(s, p, e);
	}
	return store_end(store, rc, e);
}

static struct fetch_server
server_of(const struct stage *s, unsigned cluster)
{
	const struct stage_cluster *c = &s->cluster[cluster];
	struct fetch_server server = { .seconds = PATIENCE_SECONDS };

	snprintf(server.address.host, sizeof(server.address.host), "%s", c->address);
	server.address.port = c->tftp_port;
	return server;
}

/* The file's signer, from the file itself as it is served now. */
static void
name_signer(const struct stage *s, struct report_lock *l, const char *file)
{
	struct fetch_server server = server_of(s, l->at);
	struct fetcher from = fetch_over_network(&server);
	struct wr got = { .max = FETCH_MAX };
	enum sighdr_kind kind;
	struct sighdr head;

	if (from.get(from.ctx, file, &got, NULL) == FETCH_GOT && sighdr_is(wr_view(&got), &kind) &&
	    sighdr_decode(wr_view(&got), kind, &head, NULL) == 0) {
		snprintf(l->certificate, sizeof(l->certificate), "%s", head.signer_name);
		bytes_hex(head.serial, ':', l->serial, sizeof(l->serial));
	}
	wr_free(&got);
}

static void
name_store(struct report_lock *l)
{
	const char *home = script_cluster_name(l->home);

	switch (l->reason) {
	case JUDGE_TVS_LACKS:
	case JUDGE_TVS_ROLE:
		snprintf(l->store, sizeof(l->store),
		    "the phone's lists; then Phone-SAST-trust and CallManager of %s, as its TVS "
		    "knows them",
		    home);
		return;
	case JUDGE_TVS_UNREACHABLE:
	case JUDGE_NO_TVS:
		snprintf(l->store, sizeof(l->store),
		    "the phone's lists, which are those of %s; no TVS could be asked", home);
		return;
	default:
		return;
	}
}

static const char *
file_of(const struct stage *s, const char *phone)
{
	for (size_t i = 0; i < s->fleet.n; i++)
		if (strcmp(s->fleet.phone[i].name, phone) == 0)
			return s->fleet.phone[i].file;
	return "";
}

static void
name_locks(const struct stage *s, struct report_step *to)
{
	for (size_t i = 0; i < to->locks; i++) {
		struct report_lock *l = &to->lock[i];
		const struct stage_cluster *home = &s->cluster[l->home];

		l->home_is_off = home->ours && home->site == NULL;
		name_signer(s, l, file_of(s, l->name[0]));
		name_store(l);
	}
}

/* Those that got no answer are no matter of trust: what the first of them saw. */
static void
note_lost(const struct stage *s, struct report_step *to)
{
	const struct fleet_phone *first = NULL;
	size_t n = 0;

	for (size_t i = 0; i < s->fleet.n; i++) {
		const struct fleet_phone *p = &s->fleet.phone[i];

		if (mark_state(p, &s->mark[i]) != STATE_UNREACHABLE)
			continue;
		first = first == NULL ? p : first;
		n++;
	}
	if (first != NULL)
		snprintf(to->note, sizeof(to->note), "%zu got no answer; %s, %s: %.300s", n,
		    first->name, first->file, first->why);
}

/* Likewise those that called CAPF and got nothing, unless there is worse to say. */
static void
note_not_enrolled(const struct stage *s, const struct selection *who, struct report_step *to)
{
	const struct fleet_phone *first = NULL;
	size_t n = 0;

	for (size_t i = 0; i < s->fleet.n; i++) {
		const struct fleet_phone *p = &s->fleet.phone[i];

		if (p->off || p->enrolled < ENROL_DECLINED || !selection_has(who, p, &s->mark[i]))
			continue;
		first = first == NULL ? p : first;
		n++;
	}
	if (first != NULL && to->note[0] == '\0')
		snprintf(to->note, sizeof(to->note), "%zu got nothing from CAPF; %s: %.300s", n,
		    first->name, first->enrol_why);
}

static int
act_boot(struct stage *s, const struct script_step *step, volatile const bool *stop,
    struct report_step *to, struct err *e)
{
	struct turn turn = { s, &step->who };
	struct fetch_server server = server_of(s, s->at);
	struct fleet_boots how = { .tftp = server.address,
		.http_port = s->cluster[s->at].http_port,
		.now = stage_now(s),
		.seconds = PATIENCE_SECONDS,
		.enrol = true,
		.takes_part = takes_part,
		.ctx = &turn,
		.stop = stop };

	if (fleet_boot(&s->fleet, &how, e) != 0 || tell_cluster(s, &step->who, e) != 0)
		return -1;
	mark_booted(s, &step->who);
	to->booted = true;
	report_locks(to, &s->fleet, s->mark);
	name_locks(s, to);
	note_lost(s, to);
	note_not_enrolled(s, &step->who, to);
	return 0;
}

/* ---- phones ---- */

static int
act_power(struct stage *s, const struct script_step *step)
{
	fleet_power(&s->fleet, step->on ? 0 : step->percent);
	for (size_t i = 0; i < s->fleet.n; i++)
		s->mark[i].absent |= s->fleet.phone[i].off;
	return 0;
}

static int
erase_one(struct fleet_phone *p, struct mark *m, struct err *e)
{
	struct memory *memory = memory_load(p->folder, e);
	int rc = memory == NULL ? -1 : memory_erase_lists(memory, e);

	if (rc == 0) {
		fleet_look(p, memory);
		m->state = STATE_NEW;
		m->by_hand = true;
	}
	memory_free(memory);
	return rc;
}

static int
act_erase(struct stage *s, const struct script_step *step, struct report_step *to, struct err *e)
{
	size_t n = 0;

	for (size_t i = 0; i < s->fleet.n; i++) {
		struct fleet_phone *p = &s->fleet.phone[i];

		if (p->off || (!p->model->sbd && !p->has_ctl) ||
		    !selection_has(&step->who, p, &s->mark[i]))
			continue;
		if (erase_one(p, &s->mark[i], e) != 0)
			return -1;
		n++;
	}
	snprintf(to->note, sizeof(to->note), "somebody went to %zu phone%s", n, n == 1 ? "" : "s");
	return 0;
}

/* A certificate is shown to the phones, as an HTTPS service does. */
static struct cert *
read_cert(const char *path, struct err *e)
{
	struct bundle b = { 0 };
	struct wr file = { 0 };
	struct cert *first = NULL;

	if (file_read(path, BUNDLE_FILE_MAX, &file, e) == 0) {
		if (bundle_add(&b, wr_view(&file), e) == 0)
			first = cert_copy(b.cert[0]);
		else
			err_prefix(e, "%s", path);
	}
	bundle_free(&b);
	wr_free(&file);
	return first;
}

static int
show_one(struct stage *s, struct asker *asker, size_t i, const struct cert *shown, struct err *e)
{
	struct fleet_phone *p = &s->fleet.phone[i];
	struct memory *m = memory_load(p->folder, e);
	struct ask_phone who = { .name = p->name, .model = p->model, .memory = m };
	struct verify_result r;

	if (m == NULL)
		return -1;
	who.now = stage_now(s);
	phone_verify(asker, &who, shown, &r);
	s->mark[i].shown = r.trusted ? SHOWN_ACCEPTED : SHOWN_REJECTED;
	memory_free(m);
	return 0;
}

static int
show_all(struct stage *s, const struct cert *shown, struct report_step *to, struct err *e)
{
	struct asker asker = { .tvs = tvscall_over_tls(), .timeout_ms = PATIENCE_SECONDS * 1000 };
	size_t accepted = 0, n = 0;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < s->fleet.n; i++) {
		if (s->fleet.phone[i].off || !s->fleet.phone[i].model->sbd)
			continue;
		rc = show_one(s, &asker, i, shown, e);
		accepted += s->mark[i].shown == SHOWN_ACCEPTED;
		n++;
	}
	asker_free(&asker);
	snprintf(to->note, sizeof(to->note), "%zu of %zu phones trust %.200s", accepted, n,
	    cert_common_name(shown));
	return rc;
}

static int
act_show(struct stage *s, const struct script_step *step, struct report_step *to, struct err *e)
{
	struct script_values values = stage_values(s);
	char *path = script_word(step->file, &values);
	struct cert *shown = read_cert(path, e);
	int rc = shown == NULL ? -1 : show_all(s, shown, to, e);

	cert_free(shown);
	free(path);
	return rc;
}

/* ---- LSCs ---- */

/* The CAs whose LSCs a cluster takes: those of CAPF-trust and CallManager-trust. */
struct cas {
	const struct cert **cert;
	size_t n;
	struct held_cert *held[2];
	size_t held_n[2];
};

static int
cas_read(struct store *store, struct cas *out, struct err *e)
{
	static const char *const stores[] = { "CAPF-trust", "CallManager-trust" };

	*out = (struct cas){ .n = 0 };
	for (size_t i = 0; i < 2; i++)
		if (certs_list_of(store, stores[i], &out->held[i], &out->held_n[i], e) != 0)
			return -1;
	out->cert = mem_array(out->held_n[0] + out->held_n[1] + 1, sizeof(*out->cert));
	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < out->held_n[i]; k++)
			out->cert[out->n++] = out->held[i][k].cert;
	return 0;
}

static void
cas_free(struct cas *a)
{
	for (size_t i = 0; i < 2; i++)
		certs_list_free(a->held[i], a->held_n[i]);
	free(a->cert);
}

static enum lsc_state
lsc_of(const struct fleet_phone *p, const struct cas *cas, int64_t now)
{
	struct identity own = { .cert = NULL };
	enum lsc_state is = LSC_NONE;
	struct chain chain;

	if (identity_load(p->folder, IDENTITY_LSC, &own, NULL) == 0 && own.cert != NULL) {
		chain_follow(own.cert, cas->cert, cas->n, &chain);
		is = chain.n > 1 && chain_check(&chain, now, NULL) == 0 ? LSC_TRUSTED
									: LSC_DISTRUSTED;
	}
	identity_clear(&own);
	return is;
}

static int
act_lsc(struct stage *s, const struct script_step *step, struct report_step *to, struct err *e)
{
	struct store *store = s->cluster[step->cluster].store;
	size_t count[LSC_DISTRUSTED + 1] = { 0 };
	struct cas cas;

	if (store == NULL)
		return err_set(
		    e, ERR_USAGE, "cluster %s is off", script_cluster_name(step->cluster));
	if (cas_read(store, &cas, e) != 0) {
		cas_free(&cas);
		return -1;
	}
	for (size_t i = 0; i < s->fleet.n; i++) {
		if (s->fleet.phone[i].off)
			continue;
		s->mark[i].lsc = lsc_of(&s->fleet.phone[i], &cas, stage_now(s));
		count[s->mark[i].lsc]++;
	}
	cas_free(&cas);
	snprintf(to->note, sizeof(to->note), "LSCs: %zu trusted, %zu not; %zu phones have none",
	    count[LSC_TRUSTED], count[LSC_DISTRUSTED], count[LSC_NONE]);
	return 0;
}

/* ---- commands and files ---- */

static int
write_file(const struct stage *s, const char *name, struct bytes content, struct err *e)
{
	char *path = mem_fmt("%s/%s", s->files, name);
	int rc = file_replace(path, content, 0600, e);

	free(path);
	return rc;
}

/* A certificate's common name may be made up by the cluster (CAPF): scripts ask for it by $cn. */
static void
note_name(struct stage *s, struct bytes content)
{
	struct cert *c = cert_from_pem(content, NULL);

	if (c != NULL)
		snprintf(s->cn, sizeof(s->cn), "%s", cert_common_name(c));
	cert_free(c);
}

/* What it shows, as the shell would put it into the file. */
static int
keep_output(struct stage *s, const char *name, const struct out *o, struct err *e)
{
	char *text = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&text, &n);
	int rc = -1;

	if (to == NULL)
		return err_errno(e, "%s", name);
	out_show_text(o, to);
	if (fclose(to) == 0)
		rc = write_file(s, name, bytes_over(text, n), e);
	note_name(s, bytes_over(text, n));
	free(text);
	return rc;
}

static int
judge_status(const struct script_step *step, int rc, const struct err *why, struct report_step *to,
    struct err *e)
{
	int status = rc == 0 ? 0 : verb_exit_status(why->code);

	if (rc != 0)
		snprintf(to->note, sizeof(to->note), "exit status %d: %.400s", status, why->text);
	if (status == step->status || (step->status == STATUS_REFUSED && status != 0)) {
		to->verdict = status == 0 ? REPORT_DONE : REPORT_AS_EXPECTED;
		return 0;
	}
	if (step->status == 0) {
		*e = *why;
		return -1;
	}
	if (step->status == STATUS_REFUSED)
		return err_set(e, ERR_NO, "it should have been refused, and was not");
	return err_set(e, ERR_NO,
	    "it should have ended with exit status %d, and ended with %d%s%.300s", step->status,
	    status, rc != 0 ? ": " : "", rc != 0 ? why->text : "");
}

static int
act_command(struct stage *s, const struct script_step *step, struct report_step *to, struct err *e)
{
	struct script_values values = stage_values(s);
	char *word[SCRIPT_WORDS_MAX];
	struct out *o = out_new();
	struct err why = { 0 };
	int rc;

	for (size_t i = 0; i < step->words; i++)
		word[i] = script_word(step->word[i], &values);
	rc = stage_command(s, step->cluster, word, step->words, o, &why);
	if (rc == 0 && step->file != NULL)
		rc = keep_output(s, step->file, o, &why);
	for (size_t i = 0; i < step->words; i++)
		free(word[i]);
	out_free(o);
	return judge_status(step, rc, &why, to, e);
}

static int
act_write(struct stage *s, const struct script_step *step, struct err *e)
{
	struct wr w = { 0 };
	int rc;

	wr_fmt(&w, "%s\n", step->content);
	rc = write_file(s, step->file, wr_view(&w), e);
	wr_wipe(&w); /* it may be a passphrase */
	return rc;
}

/* ---- time ---- */

static int
act_clock(struct stage *s, const struct script_step *step, struct err *e)
{
	if (!stage_is_all_ours(s))
		return err_set(
		    e, ERR_USAGE, "the clock cannot be moved where somebody else serves a cluster");
	stage_forward(s, step->seconds);
	return 0;
}

/* ---- all ---- */

static int
act_expect(struct stage *s, const struct script_step *step, struct report_step *to, struct err *e)
{
	to->verdict = REPORT_AS_EXPECTED;
	return expectation_check(&step->expect, &s->fleet, s->mark, e);
}

static int
do_it(struct stage *s, const struct script_step *step, volatile const bool *stop,
    struct report_step *to, struct err *e)
{
	switch (step->what) {
	case DO_COMMAND:
		return act_command(s, step, to, e);
	case DO_BOOT:
		return act_boot(s, step, stop, to, e);
	case DO_MOVE:
		s->at = step->cluster;
		return 0;
	case DO_POWER:
		return act_power(s, step);
	case DO_SWITCH:
		return stage_switch(s, step->cluster, step->on, e);
	case DO_CLOCK:
		return act_clock(s, step, e);
	case DO_CREATE:
		return stage_create(s, step->cluster, step->like.there ? &step->like : NULL, e);
	case DO_SHOW:
		return act_show(s, step, to, e);
	case DO_LSC:
		return act_lsc(s, step, to, e);
	case DO_ERASE:
		return act_erase(s, step, to, e);
	case DO_WRITE:
		return act_write(s, step, e);
	case DO_EXPECT:
		return act_expect(s, step, to, e);
	case DO_EXPECT_END:
		break;
	}
	to->verdict = REPORT_AS_EXPECTED;
	return 0;
}

int
act(struct stage *s, const struct script_step *step, volatile const bool *stop,
    struct report_step *to, struct err *e)
{
	int rc = do_it(s, step, stop, to, e);

	if (rc == 0)
		rc = stage_catch_up(s, e);
	return rc;
}
