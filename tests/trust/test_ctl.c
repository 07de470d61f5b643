/*
 * The CTL: what stands in it under every release and mode and who signs it, that only commands
 * change it, and what phones that hold one make of a certificate that was regenerated without them.
 */
#include "trust/ctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/lab.h"
#include "tests/support/suite.h"
#include "trust/cluster.h"
#include "trust/device.h"
#include "trust/known.h"
#include "trust/listing.h"
#include "trust/outlook.h"
#include "trust/param.h"
#include "trust/role.h"
#include "trust/seen.h"
#include "trust/service.h"
#include "trust/tlist.h"

/* ---- the decision ---- */

static struct cert *callmanager[2], *recovery, *capf, *token[2];

static void
forget_certs(void)
{
	cert_free(callmanager[0]);
	cert_free(callmanager[1]);
	cert_free(recovery);
	cert_free(capf);
	cert_free(token[0]);
	cert_free(token[1]);
}

/* The names of TechNote 118893. */
static struct ctl_node nodes[] = {
	{ "cucm-1051-a-pub", "10.48.47.153", NULL },
	{ "cucm-1051-a-sub1", "10.48.47.154", NULL },
};

static void
make_certs(void)
{
	if (capf != NULL)
		return;
	nodes[0].callmanager = callmanager[0] = lab_cert("CallManager", nodes[0].name, 0);
	nodes[1].callmanager = callmanager[1] = lab_cert("CallManager", nodes[1].name, 1);
	recovery = lab_cert("ITLRecovery", nodes[0].name, 2);
	capf = lab_cert("CAPF", nodes[0].name, 3);
	token[0] = lab_made_by_hand("SAST-ADN0054f509        ", 4711, 0);
	token[1] = lab_made_by_hand("SAST-ADN0054f510        ", 4712, 1);
	atexit(forget_certs);
}

static const struct cert *const *
tokens(void)
{
	return (const struct cert *const *)token;
}

static struct ctl_facts
facts_of(enum release release, bool mixed, bool by_token)
{
	make_certs();
	return (struct ctl_facts){ .release = release,
		.mixed = mixed,
		.node = nodes,
		.nodes = 2,
		.itl_recovery = release < RELEASE_10_0 ? NULL : recovery,
		.capf = capf,
		.token = by_token ? tokens() : NULL,
		.tokens = by_token ? 2 : 0 };
}

/* One letter for whose certificate: C and c CallManager of publisher and subscriber, R ITLRecovery,
 * F CAPF, 1 and 2 tokens. */
static char
letter_of(const struct cert *c)
{
	const struct cert *who[] = { callmanager[0], callmanager[1], recovery, capf, token[0],
		token[1] };

	for (size_t i = 0; i < sizeof(who) / sizeof(who[0]); i++)
		if (c == who[i])
			return "CcRF12"[i];
	return '?';
}

static char
place_of(const char *dns)
{
	return strcmp(dns, nodes[0].name) == 0 ? 'p' : 's';
}

/* "0C 2C 4F 2c": roles and whose certificates; a blank record has the node's place instead. */
static void
spell(const struct listing *l, char *to, size_t size)
{
	size_t n = 0;

	to[0] = '\0';
	for (size_t i = 0; i < l->n; i++) {
		const struct tlist_want *w = &l->want[i];
		char who = letter_of(w->cert);

		CU_ASSERT_EQUAL(w->blank, w->cert == NULL);
		CU_ASSERT_TRUE(w->has_address);
		n += (size_t)snprintf(&to[n], size - n, "%s%u%c", i > 0 ? " " : "", w->role,
		    w->blank ? place_of(w->dns) : who);
	}
}

/* The security guides' table of CTL signers, and the order of the samples. */
static const struct row {
	enum release release;
	bool by_token;
	char signer;	     /* 0: the release has no such CTL */
	const char *records; /* of a mixed mode cluster */
} table[] = {
	{ RELEASE_8_0, false, 0, NULL },
	{ RELEASE_8_0, true, '1', "01 02 2C 4F 2c" },
	{ RELEASE_10_0, false, 'C', "0C 2C 4F 2c" },
	{ RELEASE_10_0, true, '1', "01 02 2C 4F 2c" },
	{ RELEASE_11_5, false, 'C', "0C 2C 4F 0R 2c" },
	{ RELEASE_11_5, true, '1', "01 02 0R 0C 2C 4F 2c" },
	{ RELEASE_12_5, false, 'R', "0R 0C 2C 4F 2c" },
	{ RELEASE_12_5, true, '1', "01 02 0R 0C 2C 4F 2c" },
	{ RELEASE_14, false, 'R', "0R 0C 2C 4F 2c" },
	{ RELEASE_14, true, 0, NULL },
};

enum { ROWS = sizeof(table) / sizeof(table[0]) };

static const char *
signer_word(char letter)
{
	return letter == 'C' ? "CallManager" : letter == 'R' ? "ITLRecovery" : "token";
}

static void
decided(const struct row *row, bool mixed)
{
	struct ctl_facts f = facts_of(row->release, mixed, row->by_token);
	char records[64], want[64];
	struct listing l;
	struct err e = { 0 };

	if (row->signer == 0) {
		CU_ASSERT_EQUAL(ctl_decide(&f, &l, &e), -1);
		CU_ASSERT_EQUAL(e.code, ERR_USAGE);
		CU_ASSERT_TRUE(e.hint[0] != '\0');
		listing_free(&l);
		return;
	}
	snprintf(want, sizeof(want), "%s", row->records);
	for (char *p = want; !mixed && (p = strchr(p, '2')) != NULL; p++) {
		if (p[1] == 'C')
			p[1] = 'p';
		if (p[1] == 'c')
			p[1] = 's';
	}
	CU_ASSERT_EQUAL_FATAL(ctl_decide(&f, &l, &e), 0);
	spell(&l, records, sizeof(records));
	CU_ASSERT_STRING_EQUAL(records, want);
	CU_ASSERT_EQUAL(letter_of(l.signer), row->signer);
	CU_ASSERT_STRING_EQUAL(l.signer_store, signer_word(row->signer));
	listing_free(&l);
}

static void
every_release_and_mode_is_decided(void)
{
	for (size_t i = 0; i < ROWS; i++) {
		decided(&table[i], true);
		decided(&table[i], false);
	}
}

static void
spelled(const struct ctl_facts *f, const char *want, char signer)
{
	char records[64];
	struct listing l;
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(ctl_decide(f, &l, &e), 0);
	spell(&l, records, sizeof(records));
	CU_ASSERT_STRING_EQUAL(records, want);
	CU_ASSERT_EQUAL(letter_of(l.signer), signer);
	listing_free(&l);
}

static void
reset_is_signed_by_callmanager(void)
{
	struct ctl_facts f = facts_of(RELEASE_12_5, true, false);

	f.local_key = true;
	spelled(&f, "0C 2C 4F 0R 2c", 'C');
	f.capf = NULL;
	spelled(&f, "0C 2C 0R 2c", 'C');
}

static void
refused(const struct ctl_facts *f, enum err_code code, const char *says)
{
	struct listing l;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(ctl_decide(f, &l, &e), -1);
	CU_ASSERT_EQUAL(e.code, code);
	ASSERT_ERR_SAYS(e, says);
	listing_free(&l);
}

static void
what_is_missing_is_said(void)
{
	struct ctl_facts f = facts_of(RELEASE_12_5, true, true);

	f.tokens = 1;
	refused(&f, ERR_USAGE, "at least 2 security tokens");
	f = facts_of(RELEASE_12_5, true, false);
	f.itl_recovery = NULL;
	refused(&f, ERR_NOT_FOUND, "no ITLRecovery certificate");
	f = facts_of(RELEASE_10_0, true, false);
	nodes[1].callmanager = NULL;
	refused(&f, ERR_NOT_FOUND, "node cucm-1051-a-sub1 has no CallManager certificate");
	nodes[1].callmanager = callmanager[1];
}

/* ---- the form ---- */

static void
encoded(const struct ctl_facts *f, unsigned signer_key, struct wr *file)
{
	struct listing l;
	struct err e = { 0 };
	struct tlist_plan plan = { .layout = LAYOUT_CISCO,
		.digest = DIGEST_SHA1,
		.filename = "CTLFile.tlv",
		.timestamp = LAB_NOW };
	struct signer signer;

	CU_ASSERT_EQUAL_FATAL(ctl_decide(f, &l, &e), 0);
	plan.want = l.want;
	plan.n = l.n;
	signer = key_signer(lab_key(signer_key), l.signer);
	CU_ASSERT_EQUAL_FATAL(tlist_encode(&plan, &signer, file, &e), 0);
	listing_free(&l);
}

static size_t
count(const char *text, const char *what)
{
	size_t n = 0;

	while ((text = strstr(text, what)) != NULL) {
		n++;
		text += strlen(what);
	}
	return n;
}

/* TechNote 118893, "tokenless CTL, 10.5.1": what stands in it, in which order, of what length. */
static void
tokenless_ctl_is_laid_out_as_in_the_technote(void)
{
	struct ctl_facts f = facts_of(RELEASE_10_0, true, false);
	struct wr file = { 0 }, text = { 0 };
	struct err e = { 0 };
	struct tlist *l;
	size_t sum;

	encoded(&f, 0, &file);
	l = tlist_decode(wr_view(&file), &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(l);
	CU_ASSERT_EQUAL_FATAL(l->n, 4);
	sum = l->head.length;
	for (size_t i = 0; i < l->n; i++) {
		const struct tlist_record *r = &l->record[i];

		sum += r->length;
		CU_ASSERT_EQUAL(r->size[2], i == 3 ? 17 : 16);
		CU_ASSERT_EQUAL(r->size[4], 2);
		CU_ASSERT_EQUAL(r->size[6], 16);
		CU_ASSERT_EQUAL(r->size[7], 140);
		CU_ASSERT_EQUAL(r->size[8], 128);
		CU_ASSERT_EQUAL(r->size[10], 4);
		CU_ASSERT_STRING_EQUAL((const char *)r->order, "\1\2\3\4\5\6\7\10\11\12");
	}
	/* Header and records are the whole file. */
	CU_ASSERT_EQUAL(sum, file.n);
	CU_ASSERT_TRUE(tlist_is_ctl(l));
	CU_ASSERT_FALSE(l->head.has_signer_version);
	CU_ASSERT_TRUE(cert_eq(l->record[0].cert, l->record[1].cert));
	tlist_print(l, LAB_NOW, &text);
	CU_ASSERT_EQUAL(count(wr_cstr(&text), "CTL Record #:"), 4);
	CU_ASSERT_EQUAL(count(wr_cstr(&text), "\nThis etoken was used to sign the CTL file.\n"), 1);
	CU_ASSERT_EQUAL(count(wr_cstr(&text), "not used to sign"), 0);
	CU_ASSERT_EQUAL(count(wr_cstr(&text), "CCM+TFTP\n"), 2);
	CU_ASSERT_EQUAL(count(wr_cstr(&text), "System Administrator Security Token\n"), 1);
	CU_ASSERT_EQUAL(count(wr_cstr(&text), "The CTL file was verified successfully."), 1);
	tlist_free(l);
	wr_free(&file);
	wr_free(&text);
}

/* TechNote 118892: the record of a non-secure cluster's node has 33 bytes, of which the sample
 * gives all but the address, which is the name here. */
static void
blank_record_is_that_of_the_technote(void)
{
	static const char golden[] = "01 0002 0021 02 000d 31302e34382e34372e31353300 "
				     "04 0002 0002 0a 0004 0a302f99";
	static const struct ctl_node by_address = { "10.48.47.153", "10.48.47.153", NULL };
	struct ctl_facts f = facts_of(RELEASE_10_0, false, true);
	struct ctl_node node = by_address;
	struct wr file = { 0 }, want = suite_hex(golden);
	struct err e = { 0 };
	struct tlist *l;
	size_t at;

	node.callmanager = callmanager[0];
	f.node = &node;
	f.nodes = 1;
	encoded(&f, 0, &file);
	l = tlist_decode(wr_view(&file), &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(l);
	CU_ASSERT_EQUAL_FATAL(l->n, 4);
	CU_ASSERT_TRUE(tlist_is_blank(&l->record[2]));
	CU_ASSERT_EQUAL(l->record[2].length, 33);
	at = (size_t)l->head.length + l->record[0].length + l->record[1].length;
	CU_ASSERT_TRUE(bytes_eq(bytes_over(file.p + at, 33), wr_view(&want)));
	/* Both tokens and CAPF keep theirs; a token is on no host. */
	CU_ASSERT_EQUAL(l->record[0].size[2], 1);
	CU_ASSERT_EQUAL(l->record[0].size[10], 4);
	CU_ASSERT_PTR_NOT_NULL(l->record[1].cert);
	CU_ASSERT_PTR_NOT_NULL(l->record[3].cert);
	tlist_free(l);
	wr_free(&file);
	wr_free(&want);
}

/* ---- in the store ---- */

static struct cluster_change change;

static int
set_mode(struct store *s, bool mixed, const struct ctl_tokens *by, struct err *e)
{
	return cluster_set_mode(s, mixed, by, CLUSTER_ANYHOW, "test", LAB_NOW + 10, &change, e);
}

static void
mode_is_set(struct store *s, bool mixed)
{
	struct err e = { 0 };

	if (set_mode(s, mixed, NULL, &e) != 0)
		CU_FAIL_FATAL(e.text);
}

static struct ctl_state
state(struct store *s)
{
	struct ctl_state out;
	struct err e = { 0 };

	if (ctl_look(s, &out, &e) != 0)
		CU_FAIL_FATAL(e.text);
	CU_ASSERT_EQUAL(out.due, out.why[0] != '\0');
	return out;
}

static struct tlist *
newest(struct store *s)
{
	struct wr file = { 0 };
	struct err e = { 0 };
	struct tlist *l;

	CU_ASSERT_EQUAL_FATAL(history_file(s, state(s).newest.id, &file, &e), 0);
	l = tlist_decode(wr_view(&file), &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(l);
	wr_free(&file);
	return l;
}

static bool
is_signed_by(struct store *s, const char *store, const char *node)
{
	struct err e = { 0 };
	struct cert *c =
	    certs_own(s, store, node == NULL ? CERTS_CLUSTER : lab_node(s, node).id, NULL, &e);
	struct tlist *l = newest(s);
	bool is = tlist_verify(l, c, &e) == 0;

	tlist_free(l);
	cert_free(c);
	return is;
}

static void
regenerate(struct store *s, const char *store, const char *node)
{
	struct node n = lab_node(s, node);
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(
	    cluster_regenerate(s, lab_kind(store), &n, CLUSTER_ANYHOW, LAB_NOW + 20, &change, &e),
	    0);
}

static int
update(struct store *s, struct err *e)
{
	return cluster_update_ctl(s, NULL, CLUSTER_ANYHOW, LAB_NOW + 30, &change, e);
}

static int64_t
ctls(struct store *s)
{
	return lab_int(s, "SELECT count(*) FROM list WHERE kind = 'CTL'");
}

static int64_t
itl_records(struct store *s, enum role role)
{
	struct listing_entry entry;
	struct wr file = { 0 };
	struct err e = { 0 };
	struct tlist *l;
	bool has;

	CU_ASSERT_EQUAL(listing_newest(s, lab_node(s, "cucm-sub").id, &entry, &e), 1);
	CU_ASSERT_EQUAL(listing_file(s, entry.id, &file, &e), 0);
	l = tlist_decode(wr_view(&file), &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(l);
	has = tlist_has_role(l, role);
	tlist_free(l);
	wr_free(&file);
	return has;
}

static void
mixed_mode_comes_as_a_whole(void)
{
	struct store *s = lab_of_two();
	struct tlist *l;

	CU_ASSERT_EQUAL(state(s).newest.id, 0);
	CU_ASSERT_FALSE(state(s).due);
	mode_is_set(s, true);
	CU_ASSERT_TRUE(change.changed);
	CU_ASSERT_TRUE(change.ctl_built);
	CU_ASSERT_EQUAL(change.ctl_number, 1);
	CU_ASSERT_EQUAL(change.lists_built, 2);
	CU_ASSERT_TRUE(state(s).mixed);
	CU_ASSERT_FALSE(state(s).due);
	CU_ASSERT_EQUAL(state(s).newest.node, HISTORY_CLUSTER);
	CU_ASSERT_STRING_EQUAL(state(s).newest.why, "cluster set to mixed mode");
	CU_ASSERT_TRUE(itl_records(s, ROLE_CCM_TFTP));
	CU_ASSERT_FALSE(itl_records(s, ROLE_TFTP));
	CU_ASSERT_TRUE(is_signed_by(s, "ITLRecovery", NULL));
	l = newest(s);
	CU_ASSERT_EQUAL(l->n, 5);
	CU_ASSERT_FALSE(tlist_has_role(l, ROLE_TVS));
	tlist_free(l);

	mode_is_set(s, true);
	CU_ASSERT_FALSE(change.changed);
	CU_ASSERT_EQUAL(ctls(s), 1);

	mode_is_set(s, false);
	CU_ASSERT_EQUAL(ctls(s), 2);
	CU_ASSERT_FALSE(itl_records(s, ROLE_CCM_TFTP));
	CU_ASSERT_TRUE(itl_records(s, ROLE_TFTP));
	l = newest(s);
	CU_ASSERT_TRUE(tlist_has_empty_tftp(l));
	CU_ASSERT_TRUE(tlist_has_role(l, ROLE_CAPF));
	CU_ASSERT_EQUAL(l->n, 5);
	tlist_free(l);
	CU_ASSERT_FALSE(state(s).due);
	store_close(s);
}

static void
cluster_that_never_was_mixed_has_no_ctl(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	int64_t was = store_generation(s);
	struct err e = { 0 };

	mode_is_set(s, false);
	CU_ASSERT_FALSE(change.changed);
	CU_ASSERT_EQUAL(update(s, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	CU_ASSERT_EQUAL(cluster_reset_ctl(s, CLUSTER_ANYHOW, LAB_NOW, &change, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	CU_ASSERT_EQUAL(store_generation(s), was);
	CU_ASSERT_EQUAL(ctls(s), 0);
	store_close(s);
}

static void
release_8_needs_tokens(void)
{
	struct store *s = lab_founded(RELEASE_8_0);
	int64_t was = store_generation(s);
	struct err e = { 0 };

	CU_ASSERT_EQUAL(set_mode(s, true, NULL, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	ASSERT_ERR_SAYS(e, "security tokens only");
	CU_ASSERT_FALSE(state(s).mixed);
	CU_ASSERT_EQUAL(store_generation(s), was);
	store_close(s);
}

/* Looked at, nothing happens. */
static void
look_changes_nothing(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	int64_t was = store_generation(s);
	struct err e = { 0 };

	CU_ASSERT_EQUAL(
	    cluster_set_mode(s, true, NULL, CLUSTER_LOOK, "test", LAB_NOW, &change, &e), 0);
	CU_ASSERT_FALSE(change.changed);
	CU_ASSERT_FALSE(state(s).mixed);
	CU_ASSERT_EQUAL(ctls(s), 0);
	CU_ASSERT_EQUAL(store_generation(s), was);
	store_close(s);
}

static void
due_until_updated(const char *store, const char *node, const char *says)
{
	struct store *s = lab_of_two();
	struct err e = { 0 };

	mode_is_set(s, true);
	regenerate(s, store, node);
	CU_ASSERT_EQUAL(ctls(s), 1);
	CU_ASSERT_TRUE(change.ctl_due);
	CU_ASSERT_EQUAL(change.ctl_number, 1);
	CU_ASSERT_TRUE(state(s).due);
	CU_ASSERT_PTR_NOT_NULL(strstr(state(s).why, says));
	CU_ASSERT_EQUAL(update(s, &e), 0);
	CU_ASSERT_TRUE(change.changed);
	CU_ASSERT_FALSE(change.ctl_due);
	CU_ASSERT_FALSE(state(s).due);
	CU_ASSERT_EQUAL(ctls(s), 2);
	CU_ASSERT_EQUAL(update(s, &e), 0);
	CU_ASSERT_FALSE(change.changed);
	CU_ASSERT_EQUAL(ctls(s), 2);
	store_close(s);
}

static void
only_a_command_brings_it_up_to_date(void)
{
	due_until_updated("CallManager", "cucm-pub", "it lacks CN=cucm-pub");
	due_until_updated("CallManager", "cucm-sub", "as CCM+TFTP of cucm-sub");
	due_until_updated("CAPF", NULL, "as CAPF of cucm-pub");
	due_until_updated("ITLRecovery", NULL, "it lacks CN=ITLRECOVERY_cucm-pub");
}

static void
tvs_certificate_is_not_in_it(void)
{
	struct store *s = lab_of_two();

	mode_is_set(s, true);
	regenerate(s, "TVS", "cucm-pub");
	CU_ASSERT_FALSE(change.ctl_due);
	CU_ASSERT_FALSE(state(s).due);
	store_close(s);
}

static void
new_node_is_not_in_it(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct err e = { 0 };

	mode_is_set(s, true);
	CU_ASSERT_EQUAL(cluster_add_node(s, "cucm-sub", "10.0.0.2", LAB_NOW + 20, &change, &e), 0);
	CU_ASSERT_TRUE(change.ctl_due);
	CU_ASSERT_PTR_NOT_NULL(strstr(state(s).why, "as CCM+TFTP of cucm-sub"));
	store_close(s);
}

static void
reset_is_due_for_the_usual_key(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct err e = { 0 };

	mode_is_set(s, true);
	CU_ASSERT_EQUAL(cluster_reset_ctl(s, CLUSTER_ANYHOW, LAB_NOW, &change, &e), 0);
	CU_ASSERT_TRUE(change.changed);
	CU_ASSERT_TRUE(is_signed_by(s, "CallManager", "cucm-pub"));
	CU_ASSERT_STRING_EQUAL(state(s).newest.why, CTL_RESET_WHY);
	CU_ASSERT_STRING_EQUAL(
	    state(s).why, "it is signed by the key of a reset, not by the usual one");
	CU_ASSERT_EQUAL(cluster_reset_ctl(s, CLUSTER_ANYHOW, LAB_NOW, &change, &e), 0);
	CU_ASSERT_FALSE(change.changed);
	CU_ASSERT_EQUAL(update(s, &e), 0);
	CU_ASSERT_TRUE(is_signed_by(s, "ITLRecovery", NULL));
	store_close(s);
}

static void
tftp_serves_what_it_loaded(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct node n = lab_node(s, NULL);
	struct service tftp;
	struct err e = { 0 };
	char **why;
	size_t reasons;

	mode_is_set(s, true);
	CU_ASSERT_EQUAL(service_get(s, n.id, "TFTP", &tftp, &e), 0);
	CU_ASSERT_EQUAL(tftp.ctl, 0);
	CU_ASSERT_EQUAL(service_stale(s, &tftp, &why, &reasons, &e), 0);
	CU_ASSERT_EQUAL_FATAL(reasons, 3); /* mode, ITL, CTL */
	CU_ASSERT_PTR_NOT_NULL(strstr(why[2], "CTL number 1 was built"));
	for (size_t i = 0; i < reasons; i++)
		free(why[i]);
	free(why);
	CU_ASSERT_EQUAL(service_restart_running(s, LAB_NOW + 40, &e), 0);
	CU_ASSERT_EQUAL(service_get(s, n.id, "TFTP", &tftp, &e), 0);
	CU_ASSERT_EQUAL(tftp.ctl, state(s).newest.id);
	store_close(s);
}

/* ---- tokens ---- */

static struct ctl_tokens
two_tokens(void)
{
	make_certs();
	return (struct ctl_tokens){ tokens(), 2, key_signer(lab_key(0), token[0]) };
}

static size_t
known_as(struct store *s, const struct cert *c, const char *store)
{
	struct held_cert *all;
	struct err e = { 0 };
	size_t n, found = 0;

	CU_ASSERT_EQUAL_FATAL(known_list(s, lab_node(s, NULL).id, &all, &n, &e), 0);
	for (size_t i = 0; i < n; i++)
		found += cert_eq(all[i].cert, c) && strcmp(all[i].store, store) == 0;
	certs_list_free(all, n);
	return found;
}

static void
tokens_sign_where_the_release_has_them(void)
{
	struct store *s = lab_founded(RELEASE_11_5);
	struct ctl_tokens by = two_tokens();
	struct err e = { 0 };
	struct tlist *l;

	CU_ASSERT_EQUAL_FATAL(set_mode(s, true, &by, &e), 0);
	CU_ASSERT_TRUE(state(s).tokens);
	CU_ASSERT_FALSE(state(s).due);
	l = newest(s);
	CU_ASSERT_EQUAL(tlist_verify(l, token[0], &e), 0);
	tlist_free(l);
	/* Without a token nobody can sign the next one, but a key of the cluster can take over. */
	CU_ASSERT_EQUAL(update(s, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	CU_ASSERT_EQUAL(ctls(s), 1);
	mode_is_set(s, true);
	CU_ASSERT_TRUE(change.ctl_built);
	CU_ASSERT_FALSE(state(s).tokens);
	CU_ASSERT_TRUE(is_signed_by(s, "CallManager", "cucm-pub"));
	store_close(s);
	s = lab_founded(RELEASE_14);
	CU_ASSERT_EQUAL(set_mode(s, true, &by, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	store_close(s);
}

/* "This is SAST eToken cert": TVS finds in the CTL what is in no store, and at once. */
static void
tvs_knows_tokens_from_the_ctl(void)
{
	struct store *s = lab_founded(RELEASE_11_5);
	struct ctl_tokens by = two_tokens();
	struct err e = { 0 };
	struct cert *own = certs_own(s, "CallManager", lab_node(s, NULL).id, NULL, &e);
	int64_t times = known_times(s, lab_node(s, NULL).id);

	CU_ASSERT_EQUAL_FATAL(set_mode(s, true, &by, &e), 0);
	CU_ASSERT_TRUE(known_times(s, lab_node(s, NULL).id) > times);
	CU_ASSERT_EQUAL(known_as(s, token[0], "CTL (SAST)"), 1);
	CU_ASSERT_EQUAL(known_as(s, token[1], "CTL (SAST)"), 1);
	/* What is in a store has the roles of that. */
	CU_ASSERT_EQUAL(known_as(s, own, "CallManager"), 1);
	CU_ASSERT_EQUAL(known_as(s, own, "CTL (SAST)"), 0);
	CU_ASSERT_EQUAL(known_as(s, own, "CTL (CCM+TFTP)"), 0);
	CU_ASSERT_EQUAL(known_kind_of("CTL (SAST)", &e)->role[0], ROLE_SAST);
	CU_ASSERT_EQUAL(known_kind_of("CTL (CCM+TFTP)", &e)->role[0], ROLE_CCM_TFTP);
	CU_ASSERT_PTR_NULL(known_kind_of("CTL", &e));
	cert_free(own);
	store_close(s);
}

/* ---- phones ---- */

static const char desk[] = "SEP001122334455", old_desk[] = "SEP001122337960";

static void
asks_for(struct store *s, const char *phone, int64_t list, int64_t at)
{
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(
	    seen_asked(s, phone, "10.0.0.9", lab_node(s, NULL).id, list, at, &e), 0);
}

/* Both boot: CTL, then ITL. */
static void
phones_boot(struct store *s, int64_t at)
{
	struct service tftp;
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(service_get(s, lab_node(s, NULL).id, "TFTP", &tftp, &e), 0);
	asks_for(s, desk, tftp.ctl, at);
	asks_for(s, desk, tftp.itl, at);
	asks_for(s, old_desk, tftp.ctl, at);
}

static struct store *
with_phones(enum release release)
{
	struct store *s = lab_founded(release);
	struct device d = { .model = model_of("7975"), .security = SECURITY_NONE };
	struct err e = { 0 };

	snprintf(d.name, sizeof(d.name), "%s", desk);
	CU_ASSERT_EQUAL_FATAL(device_add(s, &d, &e), 0);
	d.model = model_of("7960");
	snprintf(d.name, sizeof(d.name), "%s", old_desk);
	CU_ASSERT_EQUAL_FATAL(device_add(s, &d, &e), 0);
	phones_boot(s, LAB_NOW);
	return s;
}

static void
restart(struct store *s, int64_t at)
{
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(service_restart_running(s, at, &e), 0);
}

/* A mixed mode cluster whose phones hold its CTL. */
static struct store *
mixed_with_phones(enum release release)
{
	struct store *s = with_phones(release);

	mode_is_set(s, true);
	CU_ASSERT_EQUAL(change.after.phones[OUTLOOK_FOLLOW], 2);
	restart(s, LAB_NOW + 100);
	phones_boot(s, LAB_NOW + 101);
	return s;
}

static struct outlook
outlook(struct store *s)
{
	struct outlook o;
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(outlook_of_all(s, LAB_NOW + 900, &o, &e), 0);
	return o;
}

static enum itl_status
ctl_status(struct store *s, const char *phone)
{
	char why[SEEN_NOTE_MAX];
	enum itl_status status = ITL_UNKNOWN;
	struct seen v;
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(seen_get(s, phone, &v, &e), 0);
	CU_ASSERT_EQUAL_FATAL(seen_ctl_status(s, &v, &status, why, &e), 0);
	CU_ASSERT_TRUE(why[0] != '\0');
	return status;
}

static void
phones_that_hold_the_ctl_match(void)
{
	struct store *s = with_phones(RELEASE_12_5);
	uint8_t strange[TLIST_SHA1_BYTES] = { 1 };
	struct err e = { 0 };

	CU_ASSERT_EQUAL(ctl_status(s, desk), ITL_NOT_INSTALLED);
	CU_ASSERT_EQUAL(ctl_status(s, "SEP0000000000AA"), ITL_UNKNOWN);
	mode_is_set(s, true);
	restart(s, LAB_NOW + 100);
	CU_ASSERT_EQUAL(ctl_status(s, desk), ITL_UNKNOWN);
	phones_boot(s, LAB_NOW + 101);
	CU_ASSERT_EQUAL(ctl_status(s, desk), ITL_MATCH);
	CU_ASSERT_EQUAL(ctl_status(s, old_desk), ITL_MATCH);
	CU_ASSERT_EQUAL(outlook(s).phones[OUTLOOK_SAME], 2);
	CU_ASSERT_EQUAL(seen_reported_ctl(s, desk, bytes_over(strange, 20), LAB_NOW + 102, &e), 0);
	CU_ASSERT_EQUAL(ctl_status(s, desk), ITL_MISMATCH);
	CU_ASSERT_EQUAL(outlook(s).phones[OUTLOOK_UNKNOWN], 1);
	CU_ASSERT_EQUAL(seen_reported_ctl(s, desk, bytes_over(NULL, 0), LAB_NOW + 103, &e), 0);
	CU_ASSERT_EQUAL(ctl_status(s, desk), ITL_NOT_INSTALLED);
	store_close(s);
}

/* TechNote 118893: the phone with Security By Default recovers, by its ITL (12.0 on) or by TVS; the
 * other has only the old CTL. */
static void
callmanager_without_update_locks_phones_without_sbd(void)
{
	struct store *s = mixed_with_phones(RELEASE_12_5);

	regenerate(s, "CallManager", "cucm-pub");
	CU_ASSERT_EQUAL(change.after.phones[OUTLOOK_FOLLOW], 1);
	CU_ASSERT_EQUAL(change.after.phones[OUTLOOK_LOCKED], 1);
	CU_ASSERT_STRING_EQUAL(change.after.locked, old_desk);
	CU_ASSERT_EQUAL(change.after.reason, JUDGE_NO_TVS);
	store_close(s);

	s = mixed_with_phones(RELEASE_11_5);
	regenerate(s, "CallManager", "cucm-pub");
	CU_ASSERT_EQUAL(change.after.phones[OUTLOOK_ASK], 1);
	CU_ASSERT_EQUAL(change.after.phones[OUTLOOK_LOCKED], 1);
	store_close(s);
}

/* With ITLRecovery as its signer the new CTL is taken by all; where the CallManager key signs it,
 * the new one is signed by a stranger. */
static void
update_helps_where_itlrecovery_signs(void)
{
	struct store *s = mixed_with_phones(RELEASE_12_5);
	struct err e = { 0 };

	regenerate(s, "CallManager", "cucm-pub");
	CU_ASSERT_EQUAL(update(s, &e), 0);
	CU_ASSERT_EQUAL(change.before.phones[OUTLOOK_LOCKED], 1);
	CU_ASSERT_EQUAL(change.after.phones[OUTLOOK_LOCKED], 0);
	CU_ASSERT_EQUAL(change.after.phones[OUTLOOK_FOLLOW], 2);
	restart(s, LAB_NOW + 200);
	phones_boot(s, LAB_NOW + 201);
	CU_ASSERT_EQUAL(ctl_status(s, old_desk), ITL_MATCH);
	store_close(s);

	s = mixed_with_phones(RELEASE_11_5);
	regenerate(s, "CallManager", "cucm-pub");
	CU_ASSERT_EQUAL(update(s, &e), 0);
	CU_ASSERT_EQUAL(change.after.phones[OUTLOOK_ASK], 1);
	CU_ASSERT_EQUAL(change.after.phones[OUTLOOK_LOCKED], 1);
	restart(s, LAB_NOW + 200);
	phones_boot(s, LAB_NOW + 201);
	CU_ASSERT_EQUAL(ctl_status(s, desk), ITL_MATCH);
	CU_ASSERT_EQUAL(ctl_status(s, old_desk), ITL_MISMATCH);
	store_close(s);
}

/* Going back gives all phones a CTL that asks for nothing; who was off keeps the old one, and takes
 * the blank one when it returns. */
static void
non_secure_and_back_loses_nobody(void)
{
	struct store *s = mixed_with_phones(RELEASE_11_5);

	mode_is_set(s, false);
	CU_ASSERT_EQUAL(change.after.phones[OUTLOOK_FOLLOW], 2);
	restart(s, LAB_NOW + 200);
	asks_for(s, desk, state(s).newest.id, LAB_NOW + 201);
	CU_ASSERT_EQUAL(ctl_status(s, desk), ITL_MATCH);
	CU_ASSERT_EQUAL(ctl_status(s, old_desk), ITL_MISMATCH);
	mode_is_set(s, true);
	CU_ASSERT_EQUAL(change.after.phones[OUTLOOK_FOLLOW], 2);
	store_close(s);
}

static void
rollback_in_mixed_mode_is_warned_of(void)
{
	struct store *s = mixed_with_phones(RELEASE_12_5);
	struct err e = { 0 };
	const struct param *p = param_find(PARAM_ROLLBACK, &e);

	CU_ASSERT_EQUAL(cluster_set_param(s, p, "True", "test", LAB_NOW, &change, &e), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(change.warning, "the CTL stays as it is"));
	CU_ASSERT_EQUAL(cluster_set_param(s, p, "False", "test", LAB_NOW, &change, &e), 0);
	CU_ASSERT_STRING_EQUAL(change.warning, "");
	store_close(s);
}

static void
unless_locked_refuses_and_changes_nothing(void)
{
	struct store *s = mixed_with_phones(RELEASE_11_5);
	struct node n = lab_node(s, NULL);
	struct err e = { 0 };

	CU_ASSERT_EQUAL(cluster_regenerate(s, lab_kind("CallManager"), &n, CLUSTER_UNLESS_LOCKED,
			    LAB_NOW + 200, &change, &e),
	    -1);
	CU_ASSERT_EQUAL(e.code, ERR_STRANDS);
	CU_ASSERT_FALSE(state(s).due);
	store_close(s);
}

static const struct suite_test tests[] = {
	{ "every release and mode is decided", every_release_and_mode_is_decided },
	{ "reset is signed by CallManager", reset_is_signed_by_callmanager },
	{ "what is missing is said", what_is_missing_is_said },
	{ "tokenless CTL is laid out as in the TechNote",
	    tokenless_ctl_is_laid_out_as_in_the_technote },
	{ "blank record is that of the TechNote", blank_record_is_that_of_the_technote },
	{ "mixed mode comes as a whole", mixed_mode_comes_as_a_whole },
	{ "cluster that never was mixed has no CTL", cluster_that_never_was_mixed_has_no_ctl },
	{ "release 8 needs tokens", release_8_needs_tokens },
	{ "look changes nothing", look_changes_nothing },
	{ "only a command brings it up to date", only_a_command_brings_it_up_to_date },
	{ "TVS certificate is not in it", tvs_certificate_is_not_in_it },
	{ "new node is not in it", new_node_is_not_in_it },
	{ "reset is due for the usual key", reset_is_due_for_the_usual_key },
	{ "TFTP serves what it loaded", tftp_serves_what_it_loaded },
	{ "tokens sign where the release has them", tokens_sign_where_the_release_has_them },
	{ "TVS knows tokens from the CTL", tvs_knows_tokens_from_the_ctl },
	{ "phones that hold the CTL match", phones_that_hold_the_ctl_match },
	{ "CallManager without update locks phones without SBD",
	    callmanager_without_update_locks_phones_without_sbd },
	{ "update helps where ITLRecovery signs", update_helps_where_itlrecovery_signs },
	{ "non-secure and back loses nobody", non_secure_and_back_loses_nobody },
	{ "rollback in mixed mode is warned of", rollback_in_mixed_mode_is_warned_of },
	{ "unless locked refuses and changes nothing", unless_locked_refuses_and_changes_nothing },
};

SUITE_MAIN("trust/ctl", tests)
