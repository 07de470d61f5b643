#include "trust/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/lab.h"
#include "tests/support/suite.h"
#include "trust/mint.h"
#include "trust/role.h"
#include "trust/sgn.h"

/* Somebody with a certificate and the number of its key. */
struct actor {
	struct cert *cert;
	unsigned key;
};

/* Cluster A, whose lists the phone holds; B, where it is to go; and somebody with the names and
 * serial number of A's ITLRecovery certificate but a key of his own. */
static struct actor recovery, callmanager, tvs, stranger, imposter;
/* CallManager-ECDSA of A; its key signs nothing here. */
static struct actor ec;

static void
forget_actors(void)
{
	cert_free(recovery.cert);
	cert_free(callmanager.cert);
	cert_free(tvs.cert);
	cert_free(stranger.cert);
	cert_free(imposter.cert);
	cert_free(ec.cert);
}

static struct cert *
make_ec(void)
{
	static const struct key_want p256 = { KEY_EC, 256 };
	struct cluster cluster = lab_cluster(RELEASE_12_5);
	struct node node = { .id = 1, .name = "a-EC", .publisher = true };
	struct err e = { 0 };
	struct key *key = key_make(&p256, &e);
	struct cert *c = mint_own(&cluster, &node, "CallManager", key, LAB_NOW, &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	key_free(key);
	return c;
}

static void
make_actors(void)
{
	if (recovery.cert != NULL)
		return;
	recovery = (struct actor){ lab_cert("ITLRecovery", "a", 0), 0 };
	callmanager = (struct actor){ lab_cert("CallManager", "a", 1), 1 };
	tvs = (struct actor){ lab_cert("TVS", "a", 1), 1 };
	stranger = (struct actor){ lab_cert("CallManager", "b", 2), 2 };
	imposter = (struct actor){ lab_imposter(recovery.cert, 2), 2 };
	ec = (struct actor){ make_ec(), LAB_KEYS };
	atexit(forget_actors);
}

static struct signer
signer_of(const struct actor *a)
{
	return key_signer(lab_key(a->key), a->cert);
}

/* ---- lists and files ---- */

struct entry {
	unsigned role;
	const struct actor *who; /* NULL: blank */
};

static const struct entry full[] = { { ROLE_SAST, &recovery }, { ROLE_SAST, &callmanager },
	{ ROLE_TFTP, &callmanager }, { ROLE_TVS, &tvs } };
static const struct entry mixed[] = { { ROLE_SAST, &recovery }, { ROLE_SAST, &callmanager },
	{ ROLE_CCM_TFTP, &callmanager } };
static const struct entry emptied[] = { { ROLE_SAST, &recovery }, { ROLE_SAST, &callmanager },
	{ ROLE_TFTP, NULL }, { ROLE_TVS, NULL } };
static const struct entry emptied_ctl[] = { { ROLE_SAST, &recovery }, { ROLE_CCM_TFTP, NULL } };
/* The CallManager certificate may sign files here, and nothing else. */
static const struct entry files_only[] = { { ROLE_SAST, &recovery }, { ROLE_TFTP, &callmanager },
	{ ROLE_TVS, &tvs } };
static const struct entry no_tvs[] = { { ROLE_SAST, &recovery }, { ROLE_TFTP, &callmanager } };
static const struct entry blank_tvs[] = { { ROLE_SAST, &recovery }, { ROLE_TFTP, &callmanager },
	{ ROLE_TVS, NULL } };
static const struct entry of_stranger[] = { { ROLE_SAST, &stranger }, { ROLE_TFTP, &stranger } };
static const struct entry of_imposter[] = { { ROLE_SAST, &imposter }, { ROLE_TFTP, &imposter } };

static const struct entry with_ec[] = { { ROLE_SAST, &recovery }, { ROLE_SAST, &callmanager },
	{ ROLE_TFTP, &callmanager }, { ROLE_TFTP, &ec }, { ROLE_TVS, &tvs } };

/* A CTL of a cluster whose other server is the stranger. */
static const struct entry two_servers[] = { { ROLE_SAST, &recovery },
	{ ROLE_CCM_TFTP, &callmanager }, { ROLE_CCM_TFTP, &stranger } };

enum { ENTRIES_MAX = 5 };

static const char *list_name = "ITLFile.tlv";

/* version: of the signer, 0x0101 for 1.1; 0: none. */
static struct wr
list_of_version(const struct entry *entry, size_t n, const struct actor *by, enum digest digest,
    unsigned version)
{
	struct tlist_want want[ENTRIES_MAX] = { 0 };
	struct tlist_plan plan = { .layout = LAYOUT_CISCO,
		.digest = digest,
		.has_signer_version = version != 0,
		.signer_version = { (uint8_t)(version >> 8), (uint8_t)version },
		.filename = list_name,
		.timestamp = LAB_NOW,
		.want = want,
		.n = n };
	struct signer signer = signer_of(by);
	struct wr w = { 0 };
	struct err e = { 0 };

	for (size_t i = 0; i < n; i++)
		want[i] = (struct tlist_want){ .role = entry[i].role,
			.cert = entry[i].who == NULL ? NULL : entry[i].who->cert,
			.blank = entry[i].who == NULL,
			.dns = "a" };
	if (tlist_encode(&plan, &signer, &w, &e) != 0) {
		fprintf(stderr, "\n%s\n", e.text);
		abort();
	}
	return w;
}

static struct wr
list_with(const struct entry *entry, size_t n, const struct actor *by, enum digest digest)
{
	return list_of_version(entry, n, by, digest, 0);
}

#define LIST(entries, by)                                                                          \
	list_with(entries, sizeof(entries) / sizeof((entries)[0]), by, DIGEST_SHA1)

static struct wr
file_by(const struct actor *by, enum digest digest)
{
	struct sgn_plan plan = { .layout = LAYOUT_CISCO,
		.digest = digest,
		.filename = "SEP001122334455.cnf.xml.sgn",
		.timestamp = LAB_NOW };
	struct signer signer = signer_of(by);
	struct wr w = { 0 };
	struct err e = { 0 };

	if (sgn_wrap(&plan, bytes_of("<device/>"), &signer, &w, &e) != 0) {
		fprintf(stderr, "\n%s\n", e.text);
		abort();
	}
	return w;
}

/* ---- the phone ---- */

/* A phone that took these lists; freed by forget(). */
struct phone {
	struct tlist *ctl, *itl;
	const char *model;
};

static struct tlist *
taken(struct wr file)
{
	struct err e = { 0 };
	struct tlist *l = tlist_decode(wr_view(&file), &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(l);
	wr_free(&file);
	return l;
}

#define HOLDS(entries) taken(LIST(entries, (entries)[0].who))

static void
forget(struct phone *p)
{
	tlist_free(p->ctl);
	tlist_free(p->itl);
	*p = (struct phone){ 0 };
}

static enum judge_verdict
verdict_of(enum judge_reason reason)
{
	if (reason <= JUDGE_NO_SBD)
		return JUDGE_ACCEPTED;
	return reason == JUDGE_UNKNOWN_SIGNER ? JUDGE_ASK_TVS : JUDGE_REFUSED;
}

static const struct judge_tvs not_asked = { .state = TVS_NOT_ASKED };

static struct judge_memory
memory_of(const struct phone *p)
{
	return (struct judge_memory){ p->ctl, p->itl };
}

static const struct model *
phone_model(const struct phone *p)
{
	return model_of(p->model == NULL ? "8861" : p->model);
}

static void
fits(const struct judgement *j, struct bytes payload)
{
	CU_ASSERT_EQUAL(j->verdict, verdict_of(j->reason));
	CU_ASSERT_NOT_EQUAL(j->why[0], '\0');
	if (j->verdict != JUDGE_ACCEPTED)
		payload = bytes_over(NULL, 0);
	CU_ASSERT_TRUE(bytes_eq(j->payload, payload));
}

/* Judges, looks whether all of the judgement fits together, frees the list. */
static struct judgement
list_judged(const struct phone *p, struct bytes file, const struct judge_tvs *answer)
{
	struct judge_memory m = memory_of(p);
	struct judgement j;
	struct tlist *l;

	judge_list(&m, phone_model(p), file, answer, &j, &l);
	CU_ASSERT_EQUAL(l != NULL, j.verdict == JUDGE_ACCEPTED);
	fits(&j, file);
	tlist_free(l);
	return j;
}

static struct judgement
file_judged(const struct phone *p, struct bytes file, const struct judge_tvs *answer)
{
	struct judge_memory m = memory_of(p);
	struct judgement j;

	judge_file(&m, phone_model(p), file, answer, &j);
	fits(&j, bytes_of("<device/>"));
	return j;
}

static enum judge_reason
on_list(const struct phone *p, struct wr file, const struct judge_tvs *answer)
{
	struct judgement j = list_judged(p, wr_view(&file), answer);

	wr_free(&file);
	return j.reason;
}

static enum judge_reason
on_file(const struct phone *p, struct wr file, const struct judge_tvs *answer)
{
	struct judgement j = file_judged(p, wr_view(&file), answer);

	wr_free(&file);
	return j.reason;
}

static struct wr
plain(const char *text)
{
	struct wr w = { 0 };

	wr_text(&w, text);
	return w;
}

/* The last byte of the signature; the file still adds up. */
static struct wr
with_another_signature(struct wr file, enum sighdr_kind kind)
{
	struct sighdr h;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(sighdr_decode(wr_view(&file), kind, &h, &e), 0);
	file.p[h.signature_at + h.signature_element - 1] ^= 1;
	return file;
}

/* ---- lists ---- */

static void
first_list_is_taken_on_faith(void)
{
	struct phone p = { 0 };
	struct judgement j;
	struct wr file;

	make_actors();
	CU_ASSERT_EQUAL(on_list(&p, LIST(full, &recovery), &not_asked), JUDGE_FIRST_LIST);
	file = LIST(of_stranger, &stranger);
	j = list_judged(&p, wr_view(&file), &not_asked);
	CU_ASSERT_EQUAL(j.reason, JUDGE_FIRST_LIST);
	CU_ASSERT_STRING_EQUAL(j.signer, cert_subject(stranger.cert, CERT_CISCO));
	CU_ASSERT_STRING_EQUAL(j.decided_by, "");
	wr_free(&file);
}

static void
first_list_must_be_signed_by_itself(void)
{
	struct phone p = { 0 };

	make_actors();
	CU_ASSERT_EQUAL(
	    on_list(&p, with_another_signature(LIST(full, &recovery), SIGHDR_LIST), &not_asked),
	    JUDGE_BAD_SIGNATURE);
}

static void
what_is_no_list_is_malformed(void)
{
	struct phone none = { 0 }, some = { 0 };

	make_actors();
	some.itl = HOLDS(full);
	CU_ASSERT_EQUAL(on_list(&none, plain(""), &not_asked), JUDGE_MALFORMED);
	CU_ASSERT_EQUAL(on_list(&none, plain("<device/>"), &not_asked), JUDGE_MALFORMED);
	CU_ASSERT_EQUAL(on_list(&some, plain("<device/>"), &not_asked), JUDGE_MALFORMED);
	/* A signed file is none, whoever signed it. */
	CU_ASSERT_EQUAL(
	    on_list(&some, file_by(&recovery, DIGEST_SHA1), &not_asked), JUDGE_MALFORMED);
	forget(&some);
}

/* TechNote 215539: each server of a cluster before 12.0 signs its own ITL, and its certificate is
 * in the phone's CTL as CCM+TFTP.  The next CTL has to come from a SAST all the same. */
static void
itl_is_taken_from_a_server_of_the_ctl(void)
{
	struct phone p = { 0 };

	make_actors();
	p.ctl = HOLDS(two_servers);
	p.itl = HOLDS(full);
	CU_ASSERT_EQUAL(on_list(&p, LIST(of_stranger, &stranger), &not_asked), JUDGE_IN_CTL);
	list_name = "CTLFile.tlv";
	CU_ASSERT_EQUAL(
	    on_list(&p, LIST(of_stranger, &stranger), &not_asked), JUDGE_UNKNOWN_SIGNER);
	CU_ASSERT_EQUAL(on_list(&p, LIST(full, &recovery), &not_asked), JUDGE_IN_CTL);
	list_name = "ITLFile.tlv";
	forget(&p);
}

static void
list_is_taken_from_a_sast_record_of_the_itl(void)
{
	struct phone p = { 0 };
	struct wr file;
	struct judgement j;

	make_actors();
	p.itl = HOLDS(full);
	CU_ASSERT_EQUAL(on_list(&p, LIST(full, &recovery), &not_asked), JUDGE_IN_ITL);
	file = LIST(full, &callmanager);
	j = list_judged(&p, wr_view(&file), &not_asked);
	CU_ASSERT_EQUAL(j.reason, JUDGE_IN_ITL);
	CU_ASSERT_PTR_NOT_NULL(strstr(j.decided_by, "SAST (record 2 of the ITL)"));
	wr_free(&file);
	forget(&p);
}

static void
list_is_taken_from_a_sast_record_of_the_ctl(void)
{
	struct phone p = { 0 };
	struct wr file;
	struct judgement j;

	make_actors();
	p.ctl = HOLDS(mixed);
	file = LIST(full, &recovery);
	j = list_judged(&p, wr_view(&file), &not_asked);
	CU_ASSERT_EQUAL(j.reason, JUDGE_IN_CTL);
	CU_ASSERT_PTR_NOT_NULL(strstr(j.decided_by, "SAST (record 1 of the CTL)"));
	wr_free(&file);
	/* The CTL comes first. */
	p.itl = HOLDS(full);
	CU_ASSERT_EQUAL(on_list(&p, LIST(full, &recovery), &not_asked), JUDGE_IN_CTL);
	forget(&p);
}

/* The records with the first one's SUBJECTNAME left out. */
static struct wr
first_without_name(struct bytes records)
{
	struct rd r = rd_over(records), first;
	struct bytes value;
	struct wr w = { 0 };
	uint8_t tag;

	rd_take(&r, 3);
	first = rd_over(rd_take(&r, rd_u16(&r) - 5u));
	wr_tlv_u16(&w, 1, 0);
	while (rd_tlv(&first, &tag, &value))
		if (tag != 3)
			wr_tlv(&w, tag, value);
	wr_set_u16(&w, 3, (uint16_t)w.n);
	wr_put(&w, rd_rest(&r));
	CU_ASSERT_TRUE(rd_done(&first));
	return w;
}

/* The phone could not say who decided, and read past NULL. */
static void
record_without_a_name_is_named_by_its_certificate(void)
{
	struct sighdr_plan plan = { .kind = SIGHDR_LIST,
		.digest = DIGEST_SHA1,
		.filename = "ITLFile.tlv",
		.timestamp = LAB_NOW };
	struct wr whole, records, file = { 0 };
	struct phone p = { 0 };
	struct judgement j;
	struct signer signer;
	struct sighdr h;
	struct err e = { 0 };

	make_actors();
	signer = signer_of(&recovery);
	whole = LIST(full, &recovery);
	CU_ASSERT_EQUAL(sighdr_decode(wr_view(&whole), SIGHDR_LIST, &h, &e), 0);
	records = first_without_name(bytes_from(wr_view(&whole), h.length));
	CU_ASSERT_EQUAL(sighdr_write(&plan, wr_view(&records), &signer, &file, &e), 0);
	p.itl = taken(file);
	CU_ASSERT_PTR_NULL(p.itl->record[0].subject);
	j = list_judged(&p, wr_view(&whole), &not_asked);
	CU_ASSERT_EQUAL(j.reason, JUDGE_IN_ITL);
	CU_ASSERT_PTR_NOT_NULL(strstr(j.decided_by, cert_subject(recovery.cert, CERT_CISCO)));
	wr_free(&whole);
	wr_free(&records);
	forget(&p);
}

static void
record_that_may_sign_files_only_signs_no_list(void)
{
	struct phone p = { 0 };

	make_actors();
	p.itl = HOLDS(files_only);
	CU_ASSERT_EQUAL(on_list(&p, LIST(full, &callmanager), &not_asked), JUDGE_UNKNOWN_SIGNER);
	forget(&p);
	p.ctl = HOLDS(no_tvs);
	CU_ASSERT_EQUAL(on_list(&p, LIST(full, &callmanager), &not_asked), JUDGE_NO_TVS);
	forget(&p);
}

static void
without_a_tvs_record_nobody_is_asked(void)
{
	static const uint8_t sast[] = { ROLE_SAST };
	struct judge_tvs yes = { TVS_VOUCHED, NULL, sast, 1 };
	struct phone p = { 0 };

	make_actors();
	yes.cert = stranger.cert;
	p.itl = HOLDS(no_tvs);
	CU_ASSERT_EQUAL(on_list(&p, LIST(of_stranger, &stranger), &not_asked), JUDGE_NO_TVS);
	CU_ASSERT_EQUAL(on_list(&p, LIST(of_stranger, &stranger), &yes), JUDGE_NO_TVS);
	forget(&p);
	p.itl = HOLDS(blank_tvs);
	CU_ASSERT_EQUAL(on_list(&p, LIST(of_stranger, &stranger), &not_asked), JUDGE_NO_TVS);
	forget(&p);
	/* A CTL names none, and there is no ITL. */
	p.ctl = HOLDS(mixed);
	CU_ASSERT_EQUAL(on_list(&p, LIST(of_stranger, &stranger), &not_asked), JUDGE_NO_TVS);
	forget(&p);
}

static void
tvs_is_asked_for_the_signer_by_name_and_serial(void)
{
	struct wr file;
	struct phone p = { 0 };
	struct judgement j;

	make_actors();
	p.itl = HOLDS(full);
	file = LIST(of_stranger, &stranger);
	j = list_judged(&p, wr_view(&file), &not_asked);
	CU_ASSERT_EQUAL(j.reason, JUDGE_UNKNOWN_SIGNER);
	CU_ASSERT_STRING_EQUAL(j.signer, cert_subject(stranger.cert, CERT_CISCO));
	CU_ASSERT_STRING_EQUAL(j.issuer, cert_issuer(stranger.cert, CERT_CISCO));
	CU_ASSERT_TRUE(cert_is_serial(stranger.cert, j.serial));
	wr_free(&file);
	forget(&p);
}

static enum judge_reason
when_tvs_says(const struct phone *p, struct judge_tvs answer)
{
	return on_list(p, LIST(of_stranger, &stranger), &answer);
}

static void
answer_of_tvs_decides_about_a_stranger(void)
{
	static const uint8_t sast[] = { ROLE_SAST },
			     of_callmanager[] = { ROLE_CCM_TFTP, ROLE_SAST },
			     tftp[] = { ROLE_TFTP };
	struct phone p = { 0 };

	make_actors();
	p.itl = HOLDS(full);
	CU_ASSERT_EQUAL(when_tvs_says(&p, (struct judge_tvs){ TVS_UNREACHABLE, NULL, NULL, 0 }),
	    JUDGE_TVS_UNREACHABLE);
	CU_ASSERT_EQUAL(
	    when_tvs_says(&p, (struct judge_tvs){ TVS_UNKNOWN, NULL, NULL, 0 }), JUDGE_TVS_LACKS);
	CU_ASSERT_EQUAL(
	    when_tvs_says(&p, (struct judge_tvs){ TVS_VOUCHED, stranger.cert, sast, 1 }),
	    JUDGE_TVS_VOUCHES);
	CU_ASSERT_EQUAL(
	    when_tvs_says(&p, (struct judge_tvs){ TVS_VOUCHED, stranger.cert, of_callmanager, 2 }),
	    JUDGE_TVS_VOUCHES);
	CU_ASSERT_EQUAL(
	    when_tvs_says(&p, (struct judge_tvs){ TVS_VOUCHED, stranger.cert, tftp, 1 }),
	    JUDGE_TVS_ROLE);
	CU_ASSERT_EQUAL(
	    when_tvs_says(&p, (struct judge_tvs){ TVS_VOUCHED, stranger.cert, NULL, 0 }),
	    JUDGE_TVS_ROLE);
	/* It sent another certificate than it was asked for. */
	CU_ASSERT_EQUAL(
	    when_tvs_says(&p, (struct judge_tvs){ TVS_VOUCHED, callmanager.cert, sast, 1 }),
	    JUDGE_BAD_SIGNATURE);
	forget(&p);
}

static void
vouched_for_but_not_signed_by_is_refused(void)
{
	static const uint8_t sast[] = { ROLE_SAST };
	struct judge_tvs yes = { TVS_VOUCHED, NULL, sast, 1 };
	struct phone p = { 0 };

	make_actors();
	p.itl = HOLDS(full);
	yes.cert = stranger.cert;
	CU_ASSERT_EQUAL(
	    on_list(&p, with_another_signature(LIST(of_stranger, &stranger), SIGHDR_LIST), &yes),
	    JUDGE_BAD_SIGNATURE);
	forget(&p);
}

/* The signer's name and serial number are in every list: anybody can write them into his own. */
static void
imposter_of_a_trusted_signer_is_refused(void)
{
	static const uint8_t sast[] = { ROLE_SAST };
	struct judge_tvs yes = { TVS_VOUCHED, NULL, sast, 1 };
	struct phone p = { 0 };
	struct wr file;
	struct judgement j;

	make_actors();
	yes.cert = imposter.cert;
	p.itl = HOLDS(full);
	file = LIST(of_imposter, &imposter);
	j = list_judged(&p, wr_view(&file), &not_asked);
	CU_ASSERT_EQUAL(j.reason, JUDGE_BAD_SIGNATURE);
	CU_ASSERT_PTR_NOT_NULL(strstr(j.decided_by, "record 1 of the ITL"));
	/* TVS has no say about whom the phone knows. */
	CU_ASSERT_EQUAL(list_judged(&p, wr_view(&file), &yes).reason, JUDGE_BAD_SIGNATURE);
	wr_free(&file);
	forget(&p);
}

static void
emptied_list_lets_any_new_list_in(void)
{
	struct phone p = { 0 };

	make_actors();
	p.itl = HOLDS(emptied);
	CU_ASSERT_EQUAL(on_list(&p, LIST(full, &recovery), &not_asked), JUDGE_EMPTY_LIST);
	CU_ASSERT_EQUAL(on_list(&p, LIST(of_stranger, &stranger), &not_asked), JUDGE_EMPTY_LIST);
	CU_ASSERT_EQUAL(on_list(&p, LIST(of_imposter, &imposter), &not_asked), JUDGE_EMPTY_LIST);
	/* It has to be whole, all the same. */
	CU_ASSERT_EQUAL(
	    on_list(
		&p, with_another_signature(LIST(of_stranger, &stranger), SIGHDR_LIST), &not_asked),
	    JUDGE_BAD_SIGNATURE);
	CU_ASSERT_EQUAL(on_list(&p, plain("no list"), &not_asked), JUDGE_MALFORMED);
	/* A CTL that was emptied by going back to non-secure is no obstacle. */
	p.ctl = HOLDS(emptied_ctl);
	CU_ASSERT_EQUAL(on_list(&p, LIST(of_stranger, &stranger), &not_asked), JUDGE_EMPTY_LIST);
	forget(&p);
}

/* Rollback on a mixed mode cluster: the parameter does not touch the CTL. */
static void
emptied_itl_beside_a_full_ctl_is_no_way_out(void)
{
	struct phone p = { 0 };

	make_actors();
	p.itl = HOLDS(emptied);
	p.ctl = HOLDS(mixed);
	CU_ASSERT_EQUAL(on_list(&p, LIST(of_stranger, &stranger), &not_asked), JUDGE_NO_TVS);
	CU_ASSERT_EQUAL(on_file(&p, plain("<device/>"), &not_asked), JUDGE_UNSIGNED);
	CU_ASSERT_EQUAL(on_file(&p, file_by(&stranger, DIGEST_SHA1), &not_asked), JUDGE_NO_TVS);
	CU_ASSERT_EQUAL(on_file(&p, file_by(&callmanager, DIGEST_SHA1), &not_asked), JUDGE_IN_CTL);
	forget(&p);
}

static void
full_itl_beside_an_emptied_ctl_still_binds(void)
{
	struct phone p = { 0 };

	make_actors();
	p.ctl = HOLDS(emptied_ctl);
	p.itl = HOLDS(full);
	CU_ASSERT_EQUAL(
	    on_list(&p, LIST(of_stranger, &stranger), &not_asked), JUDGE_UNKNOWN_SIGNER);
	CU_ASSERT_EQUAL(on_file(&p, plain("<device/>"), &not_asked), JUDGE_UNSIGNED);
	forget(&p);
}

/* ---- files ---- */

static void
file_is_taken_from_who_may_sign_files(void)
{
	struct phone p = { 0 };
	struct wr file;
	struct judgement j;

	make_actors();
	p.itl = HOLDS(files_only);
	file = file_by(&callmanager, DIGEST_SHA1);
	j = file_judged(&p, wr_view(&file), &not_asked);
	CU_ASSERT_EQUAL(j.reason, JUDGE_IN_ITL);
	CU_ASSERT_PTR_NOT_NULL(strstr(j.decided_by, "TFTP (record 2 of the ITL)"));
	p.ctl = HOLDS(mixed);
	j = file_judged(&p, wr_view(&file), &not_asked);
	CU_ASSERT_EQUAL(j.reason, JUDGE_IN_CTL);
	CU_ASSERT_PTR_NOT_NULL(strstr(j.decided_by, "CCM+TFTP (record 3 of the CTL)"));
	wr_free(&file);
	forget(&p);
}

static void
sast_record_alone_signs_no_file(void)
{
	struct phone p = { 0 };

	make_actors();
	p.itl = HOLDS(full);
	CU_ASSERT_EQUAL(
	    on_file(&p, file_by(&recovery, DIGEST_SHA1), &not_asked), JUDGE_UNKNOWN_SIGNER);
	CU_ASSERT_EQUAL(on_file(&p, file_by(&tvs, DIGEST_SHA1), &not_asked), JUDGE_UNKNOWN_SIGNER);
	forget(&p);
}

static enum judge_reason
file_when_tvs_says(const struct phone *p, struct judge_tvs answer)
{
	return on_file(p, file_by(&stranger, DIGEST_SHA1), &answer);
}

static void
answer_of_tvs_decides_about_a_file_too(void)
{
	static const uint8_t sast[] = { ROLE_SAST }, tftp[] = { ROLE_TFTP },
			     ccm_tftp[] = { ROLE_SAST, ROLE_CCM_TFTP };
	struct phone p = { 0 };

	make_actors();
	p.itl = HOLDS(full);
	CU_ASSERT_EQUAL(file_when_tvs_says(&p, not_asked), JUDGE_UNKNOWN_SIGNER);
	CU_ASSERT_EQUAL(
	    file_when_tvs_says(&p, (struct judge_tvs){ TVS_UNREACHABLE, NULL, NULL, 0 }),
	    JUDGE_TVS_UNREACHABLE);
	CU_ASSERT_EQUAL(file_when_tvs_says(&p, (struct judge_tvs){ TVS_UNKNOWN, NULL, NULL, 0 }),
	    JUDGE_TVS_LACKS);
	CU_ASSERT_EQUAL(
	    file_when_tvs_says(&p, (struct judge_tvs){ TVS_VOUCHED, stranger.cert, sast, 1 }),
	    JUDGE_TVS_ROLE);
	CU_ASSERT_EQUAL(
	    file_when_tvs_says(&p, (struct judge_tvs){ TVS_VOUCHED, stranger.cert, tftp, 1 }),
	    JUDGE_TVS_VOUCHES);
	CU_ASSERT_EQUAL(
	    file_when_tvs_says(&p, (struct judge_tvs){ TVS_VOUCHED, stranger.cert, ccm_tftp, 2 }),
	    JUDGE_TVS_VOUCHES);
	forget(&p);
}

static void
flipped_is_refused(struct bytes file, size_t bit, void *ctx)
{
	struct judge_memory m = memory_of(ctx);
	struct judgement j;

	(void)bit;
	judge_file(&m, phone_model(ctx), file, &not_asked, &j);
	CU_ASSERT_NOT_EQUAL(j.verdict, JUDGE_ACCEPTED);
}

static void
cut_is_refused(struct bytes file, size_t n, void *ctx)
{
	flipped_is_refused(file, n, ctx);
}

static void
every_cut_and_flipped_bit_is_refused(void)
{
	struct phone p = { 0 };
	struct wr file;

	make_actors();
	p.itl = HOLDS(full);
	file = file_by(&callmanager, DIGEST_SHA1);
	CU_ASSERT_EQUAL(file_judged(&p, wr_view(&file), &not_asked).reason, JUDGE_IN_ITL);
	each_flip(wr_view(&file), flipped_is_refused, &p);
	each_cut(wr_view(&file), cut_is_refused, &p);
	wr_free(&file);
	forget(&p);
}

static void
flipped_list_is_refused(struct bytes file, size_t bit, void *ctx)
{
	struct judge_memory m = memory_of(ctx);
	struct judgement j;
	struct tlist *l;

	/* Each eighth bit: a list is longer than a file. */
	if (bit % 8 != bit / 8 % 8)
		return;
	judge_list(&m, phone_model(ctx), file, &not_asked, &j, &l);
	CU_ASSERT_NOT_EQUAL(j.verdict, JUDGE_ACCEPTED);
	CU_ASSERT_PTR_NULL(l);
}

static void
list_with_a_flipped_bit_is_refused(void)
{
	struct phone p = { 0 }, fresh = { 0 };
	struct wr file;

	make_actors();
	p.itl = HOLDS(full);
	file = LIST(no_tvs, &recovery);
	each_flip(wr_view(&file), flipped_list_is_refused, &p);
	each_flip(wr_view(&file), flipped_list_is_refused, &fresh);
	wr_free(&file);
	forget(&p);
}

static void
unsigned_file_is_refused_while_a_list_has_a_tftp_certificate(void)
{
	struct phone p = { 0 };
	struct judge_memory m;

	make_actors();
	p.itl = HOLDS(full);
	m = memory_of(&p);
	CU_ASSERT_TRUE(judge_wants_signed(&m));
	CU_ASSERT_EQUAL(on_file(&p, plain("<device/>"), &not_asked), JUDGE_UNSIGNED);
	CU_ASSERT_EQUAL(on_file(&p, plain(""), &not_asked), JUDGE_UNSIGNED);
	forget(&p);
}

static void
emptied_list_lets_unsigned_files_in(void)
{
	struct phone p = { 0 }, none = { 0 };
	struct judge_memory m;

	make_actors();
	p.itl = HOLDS(emptied);
	m = memory_of(&p);
	CU_ASSERT_FALSE(judge_wants_signed(&m));
	CU_ASSERT_EQUAL(on_file(&p, plain("<device/>"), &not_asked), JUDGE_EMPTY_LIST);
	CU_ASSERT_EQUAL(on_file(&p, file_by(&stranger, DIGEST_SHA1), &not_asked), JUDGE_EMPTY_LIST);
	CU_ASSERT_EQUAL(on_file(&none, plain("<device/>"), &not_asked), JUDGE_EMPTY_LIST);
	forget(&p);
}

static void
what_starts_like_a_signed_file_has_to_add_up(void)
{
	struct phone none = { 0 }, some = { 0 };
	struct wr list, cut;

	make_actors();
	some.itl = HOLDS(full);
	list = LIST(full, &callmanager);
	cut = file_by(&callmanager, DIGEST_SHA1);
	cut.n = 40;
	/* A list is no file, though its signer may sign both. */
	CU_ASSERT_EQUAL(file_judged(&some, wr_view(&list), &not_asked).reason, JUDGE_MALFORMED);
	CU_ASSERT_EQUAL(file_judged(&some, wr_view(&cut), &not_asked).reason, JUDGE_MALFORMED);
	CU_ASSERT_EQUAL(file_judged(&none, wr_view(&cut), &not_asked).reason, JUDGE_MALFORMED);
	wr_free(&list);
	wr_free(&cut);
	forget(&some);
}

static void
model_that_knows_sha_1_only_refuses_sha_512(void)
{
	struct phone old = { .model = "7975" }, newer = { .model = "8861" };
	struct wr list;

	make_actors();
	list = list_with(full, 4, &recovery, DIGEST_SHA512);
	CU_ASSERT_EQUAL(list_judged(&old, wr_view(&list), &not_asked).reason, JUDGE_DIGEST);
	CU_ASSERT_EQUAL(list_judged(&newer, wr_view(&list), &not_asked).reason, JUDGE_FIRST_LIST);
	old.itl = HOLDS(full);
	newer.itl = HOLDS(full);
	CU_ASSERT_EQUAL(list_judged(&old, wr_view(&list), &not_asked).reason, JUDGE_DIGEST);
	CU_ASSERT_EQUAL(list_judged(&newer, wr_view(&list), &not_asked).reason, JUDGE_IN_ITL);
	CU_ASSERT_EQUAL(
	    on_file(&old, file_by(&callmanager, DIGEST_SHA512), &not_asked), JUDGE_DIGEST);
	CU_ASSERT_EQUAL(
	    on_file(&newer, file_by(&callmanager, DIGEST_SHA512), &not_asked), JUDGE_IN_ITL);
	CU_ASSERT_EQUAL(
	    on_file(&old, file_by(&callmanager, DIGEST_SHA1), &not_asked), JUDGE_IN_ITL);
	wr_free(&list);
	forget(&old);
	forget(&newer);
}

/* ---- signer version and EC ---- */

/* Of a list with a record for EC and this signer version, which the phone takes. */
static void
ec_of(const char *model, unsigned version, bool ec_is, const char *says)
{
	struct phone p = { .model = model, .itl = HOLDS(full) };
	struct wr file = list_of_version(with_ec, 5, &recovery, DIGEST_SHA1, version);
	struct judgement j = list_judged(&p, wr_view(&file), &not_asked);

	CU_ASSERT_EQUAL(j.reason, JUDGE_IN_ITL);
	CU_ASSERT_EQUAL(j.ec, ec_is);
	CU_ASSERT_EQUAL(strstr(j.why, "signer version") != NULL, says != NULL);
	if (says != NULL)
		CU_ASSERT_PTR_NOT_NULL(strstr(j.why, says));
	tlist_free(p.itl);
	/* The record for EC is in nobody's way. */
	p.itl = taken(file);
	CU_ASSERT_EQUAL(on_file(&p, file_by(&callmanager, DIGEST_SHA1), &not_asked), JUDGE_IN_ITL);
	CU_ASSERT_EQUAL(on_list(&p, LIST(full, &recovery), &not_asked), JUDGE_IN_ITL);
	forget(&p);
}

static void
signer_version_is_skipped_or_understood_and_never_refused(void)
{
	make_actors();
	ec_of("8861", 0x0101, true, "; signer version 1.1, so it may use EC");
	ec_of("8861", 0x0902, true, "; signer version 9.2, so it may use EC");
	ec_of("8861", 0x0100, false, NULL);
	ec_of("8861", 0, false, NULL);
	ec_of("7975", 0x0101, false, "; signer version 1.1, which is skipped by a 7975");
	ec_of("7975", 0x0100, false, NULL);
	ec_of("7975", 0, false, NULL);
}

/* What a list says counts when it was taken. */
static void
refused_list_switches_nothing_on(void)
{
	struct phone p = { .model = "8861" };
	struct judgement j;
	struct wr file;

	make_actors();
	p.itl = HOLDS(no_tvs);
	file = list_of_version(of_stranger, 2, &stranger, DIGEST_SHA1, 0x0101);
	j = list_judged(&p, wr_view(&file), &not_asked);
	CU_ASSERT_EQUAL(j.reason, JUDGE_NO_TVS);
	CU_ASSERT_FALSE(j.ec);
	wr_free(&file);
	forget(&p);
}

/* It asks for plain files; a mixed mode cluster gives it a CTL, and that binds it. */
static void
phone_without_security_by_default_takes_plain_files(void)
{
	struct phone p = { .model = "7960" };

	make_actors();
	CU_ASSERT_EQUAL(on_file(&p, plain("<device/>"), &not_asked), JUDGE_NO_SBD);
	CU_ASSERT_EQUAL(on_file(&p, file_by(&stranger, DIGEST_SHA1), &not_asked), JUDGE_NO_SBD);
	p.ctl = HOLDS(mixed);
	CU_ASSERT_EQUAL(on_file(&p, plain("<device/>"), &not_asked), JUDGE_UNSIGNED);
	CU_ASSERT_EQUAL(on_file(&p, file_by(&callmanager, DIGEST_SHA1), &not_asked), JUDGE_IN_CTL);
	CU_ASSERT_EQUAL(on_file(&p, file_by(&stranger, DIGEST_SHA1), &not_asked), JUDGE_NO_TVS);
	forget(&p);
}

/* ---- encrypted configuration ---- */

static const char sealed_text[] = "<device>for its eyes only</device>";

/* To the key lab_key(3). */
static struct wr
sealed_by(const struct actor *by, enum digest digest)
{
	struct cert *phone = lab_cert("CallManager", "SEP001122334455", 3);
	struct signer signer = signer_of(by);
	struct enc_plan plan = { .layout = LAYOUT_CISCO,
		.digest = digest,
		.filename = "SEP001122334455.cnf.xml.enc.sgn",
		.timestamp = LAB_NOW };
	struct wr w = { 0 };
	struct err e = { 0 };

	if (enc_seal(&plan, bytes_of(sealed_text), phone, &signer, &w, &e) != 0) {
		fprintf(stderr, "\n%s\n", e.text);
		abort();
	}
	cert_free(phone);
	return w;
}

/* key: of the phone's certificate; LAB_KEYS: it has none. */
static struct judgement
sealed_judged(const struct phone *p, struct bytes file, unsigned key)
{
	struct judge_memory m = memory_of(p);
	struct opener who = { 0 };
	struct wr plain = { 0 };
	struct judgement j;

	if (key < LAB_KEYS)
		who = key_opener(lab_key(key));
	wr_text(&plain, "before");
	judge_encrypted(
	    &m, phone_model(p), file, &not_asked, key < LAB_KEYS ? &who : NULL, &plain, &j);
	CU_ASSERT_EQUAL(bytes_eq_text(j.payload, sealed_text), j.verdict == JUDGE_ACCEPTED);
	CU_ASSERT(j.verdict == JUDGE_ACCEPTED || (j.payload.n == 0 && plain.n == 6));
	CU_ASSERT(j.why[0] != '\0');
	j.payload = (struct bytes){ NULL, 0 };
	wr_free(&plain);
	return j;
}

static enum judge_reason
on_sealed(const struct phone *p, struct wr file, unsigned key)
{
	struct judgement j = sealed_judged(p, wr_view(&file), key);

	wr_free(&file);
	return j.reason;
}

static void
encrypted_file_is_judged_and_then_opened(void)
{
	struct phone p = { .model = "8861" }, old = { .model = "7975" }, none = { 0 };
	struct judgement j;
	struct wr file;

	make_actors();
	p.itl = HOLDS(full);
	old.itl = HOLDS(full);
	CU_ASSERT_EQUAL(on_sealed(&p, sealed_by(&callmanager, DIGEST_SHA1), 3), JUDGE_IN_ITL);
	CU_ASSERT_EQUAL(on_sealed(&p, sealed_by(&callmanager, DIGEST_SHA512), 3), JUDGE_IN_ITL);
	CU_ASSERT_EQUAL(on_sealed(&old, sealed_by(&callmanager, DIGEST_SHA512), 3), JUDGE_DIGEST);
	CU_ASSERT_EQUAL(on_sealed(&none, sealed_by(&stranger, DIGEST_SHA1), 3), JUDGE_EMPTY_LIST);
	/* A stranger is asked about before anything is opened. */
	file = sealed_by(&stranger, DIGEST_SHA1);
	j = sealed_judged(&p, wr_view(&file), LAB_KEYS);
	CU_ASSERT_EQUAL(j.verdict, JUDGE_ASK_TVS);
	CU_ASSERT_EQUAL(j.reason, JUDGE_UNKNOWN_SIGNER);
	CU_ASSERT_STRING_EQUAL(j.signer, cert_subject(stranger.cert, CERT_CISCO));
	wr_free(&file);
	forget(&p);
	forget(&old);
}

static void
key_that_does_not_fit_is_told_apart(void)
{
	struct phone p = { .model = "8861" };
	struct judgement j;
	struct wr file;

	make_actors();
	p.itl = HOLDS(full);
	file = sealed_by(&callmanager, DIGEST_SHA1);
	j = sealed_judged(&p, wr_view(&file), 2);
	CU_ASSERT_EQUAL(j.verdict, JUDGE_REFUSED);
	CU_ASSERT_EQUAL(j.reason, JUDGE_KEY);
	CU_ASSERT_PTR_NOT_NULL(strstr(j.why, "decryption key mismatch"));
	j = sealed_judged(&p, wr_view(&file), LAB_KEYS);
	CU_ASSERT_EQUAL(j.reason, JUDGE_KEY);
	CU_ASSERT_PTR_NOT_NULL(strstr(j.why, "neither an LSC nor a MIC"));
	wr_free(&file);
	CU_ASSERT_EQUAL(on_sealed(&p, file_by(&callmanager, DIGEST_SHA1), 3), JUDGE_NOT_ENCRYPTED);
	CU_ASSERT_EQUAL(on_sealed(&p, plain("<device/>"), 3), JUDGE_NOT_ENCRYPTED);
	/* And where a signed one is due an encrypted one is none. */
	CU_ASSERT_EQUAL(
	    on_file(&p, sealed_by(&callmanager, DIGEST_SHA1), &not_asked), JUDGE_MALFORMED);
	forget(&p);
}

static void
flipped_sealed_is_refused(struct bytes file, size_t bit, void *ctx)
{
	(void)bit;
	CU_ASSERT_NOT_EQUAL(sealed_judged(ctx, file, 3).verdict, JUDGE_ACCEPTED);
}

static void
encrypted_file_with_a_flipped_bit_is_refused(void)
{
	struct phone p = { .model = "8861" };
	struct wr file;

	make_actors();
	p.itl = HOLDS(full);
	file = sealed_by(&callmanager, DIGEST_SHA1);
	each_flip(wr_view(&file), flipped_sealed_is_refused, &p);
	each_cut(wr_view(&file), flipped_sealed_is_refused, &p);
	wr_free(&file);
	forget(&p);
}

static void
each_reason_has_a_word_of_its_own(void)
{
	for (int i = 0; i < JUDGE_REASONS; i++) {
		CU_ASSERT_PTR_NOT_NULL_FATAL(judge_reason_word((enum judge_reason)i));
		for (int k = 0; k < i; k++)
			CU_ASSERT_STRING_NOT_EQUAL(judge_reason_word((enum judge_reason)i),
			    judge_reason_word((enum judge_reason)k));
	}
}

static const struct suite_test tests[] = {
	{ "ITL is taken from a server of the CTL", itl_is_taken_from_a_server_of_the_ctl },
	{ "first list is taken on faith", first_list_is_taken_on_faith },
	{ "first list must be signed by itself", first_list_must_be_signed_by_itself },
	{ "what is no list is malformed", what_is_no_list_is_malformed },
	{ "list is taken from a SAST record of the ITL",
	    list_is_taken_from_a_sast_record_of_the_itl },
	{ "list is taken from a SAST record of the CTL",
	    list_is_taken_from_a_sast_record_of_the_ctl },
	{ "record without a name is named by its certificate",
	    record_without_a_name_is_named_by_its_certificate },
	{ "record that may sign files only signs no list",
	    record_that_may_sign_files_only_signs_no_list },
	{ "without a TVS record nobody is asked", without_a_tvs_record_nobody_is_asked },
	{ "TVS is asked by name and serial", tvs_is_asked_for_the_signer_by_name_and_serial },
	{ "answer of TVS decides about a stranger", answer_of_tvs_decides_about_a_stranger },
	{ "vouched for but not signed by is refused", vouched_for_but_not_signed_by_is_refused },
	{ "imposter of a trusted signer is refused", imposter_of_a_trusted_signer_is_refused },
	{ "emptied list lets any new list in", emptied_list_lets_any_new_list_in },
	{ "emptied ITL beside a full CTL is no way out",
	    emptied_itl_beside_a_full_ctl_is_no_way_out },
	{ "full ITL beside an emptied CTL still binds",
	    full_itl_beside_an_emptied_ctl_still_binds },
	{ "file is taken from who may sign files", file_is_taken_from_who_may_sign_files },
	{ "SAST record alone signs no file", sast_record_alone_signs_no_file },
	{ "answer of TVS decides about a file too", answer_of_tvs_decides_about_a_file_too },
	{ "every cut and flipped bit is refused", every_cut_and_flipped_bit_is_refused },
	{ "list with a flipped bit is refused", list_with_a_flipped_bit_is_refused },
	{ "unsigned file is refused",
	    unsigned_file_is_refused_while_a_list_has_a_tftp_certificate },
	{ "emptied list lets unsigned files in", emptied_list_lets_unsigned_files_in },
	{ "what starts like a signed file has to add up",
	    what_starts_like_a_signed_file_has_to_add_up },
	{ "model that knows SHA-1 only refuses SHA-512",
	    model_that_knows_sha_1_only_refuses_sha_512 },
	{ "signer version is skipped or understood and never refused",
	    signer_version_is_skipped_or_understood_and_never_refused },
	{ "refused list switches nothing on", refused_list_switches_nothing_on },
	{ "phone without SBD takes plain files",
	    phone_without_security_by_default_takes_plain_files },
	{ "encrypted file is judged and then opened", encrypted_file_is_judged_and_then_opened },
	{ "key that does not fit is told apart", key_that_does_not_fit_is_told_apart },
	{ "encrypted file with a flipped bit is refused",
	    encrypted_file_with_a_flipped_bit_is_refused },
	{ "each reason has a word of its own", each_reason_has_a_word_of_its_own },
};

SUITE_MAIN("trust/judge", tests)
