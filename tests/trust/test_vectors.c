/*
 * Files our code did not make: each gets its verdict, each that can be made again comes out byte
 * for byte.  TL_VECTORS=FOLDER takes another set with tables of the same layout.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "tests/support/suite.h"
#include "tests/support/table.h"
#include "tests/support/testkey.h"
#include "trust/enc.h"
#include "trust/inspect.h"
#include "trust/role.h"
#include "trust/sgn.h"
#include "trust/tlist.h"

static struct wr
file_of(const char *name)
{
	const char *folder = getenv("TL_VECTORS");
	char *path =
	    folder ? mem_fmt("%s/%s", folder, name) : mem_fmt("%s/vectors/%s", TEST_DATA, name);
	struct wr w = { 0 };
	struct err e;

	if (file_read(path, WR_MAX, &w, &e) != 0) {
		fprintf(stderr, "\n%s\n", e.text);
		exit(1);
	}
	free(path);
	return w;
}

static struct testkey *
key_of(const char *name)
{
	struct wr pem = file_of(name);
	struct testkey *k = testkey_of(wr_view(&pem));

	wr_free(&pem);
	return k;
}

static void
each_row(
    const char *table, void (*row)(const char *const field[TABLE_FIELDS], void *ctx), void *ctx)
{
	struct wr w = file_of(table);

	table_each(wr_view(&w), row, ctx);
	wr_free(&w);
}

/* The fields of index.tsv. */
enum { FILE_NAME, KIND, WANT, CERT, DEVICE, PAYLOAD, BUILD };

/* Fails the test with the name of the file. */
static void
claim(bool ok, const char *file, const char *what, const struct err *e)
{
	if (!ok)
		fprintf(stderr, "\n    %s: %s (%s)\n", file, what, e->text);
	CU_ASSERT(ok);
}

static int
judge_list(struct bytes file, const struct cert *trusted, struct err *e)
{
	struct tlist *l = tlist_decode(file, e);
	int rc;

	if (l == NULL)
		return -1;
	rc = trusted != NULL ? tlist_verify(l, trusted, e) : tlist_verify_self(l, e);
	tlist_free(l);
	return rc;
}

static int
judge_payload(struct bytes payload, const char *wanted, struct err *e)
{
	struct wr w = { 0 };
	bool same;

	if (wanted == NULL)
		return 0;
	w = file_of(wanted);
	same = bytes_eq(payload, wr_view(&w));
	wr_free(&w);
	return same ? 0 : err_set(e, ERR_NO, "another payload");
}

static int
judge_signed(struct bytes file, const struct cert *trusted, const char *payload, struct err *e)
{
	struct sgn s;

	if (sgn_unwrap(file, &s, e) != 0 || sgn_verify(&s, file, trusted, e) != 0)
		return -1;
	return judge_payload(s.payload, payload, e);
}

static int
judge_encrypted(struct bytes file, const struct cert *trusted, struct testkey *device,
    const char *payload, struct err *e)
{
	struct opener who = testkey_opener(device);
	struct wr plain = { 0 };
	struct enc x;
	int rc = -1;

	if (enc_decode(file, &x, e) == 0 && enc_verify(&x, file, trusted, e) == 0 &&
	    enc_open(&x, &who, &plain, e) == 0)
		rc = judge_payload(wr_view(&plain), payload, e);
	wr_free(&plain);
	return rc;
}

static int
judge(const char *const field[], struct bytes file, struct err *e)
{
	struct testkey *trusted = field[CERT] ? key_of(field[CERT]) : NULL;
	struct testkey *device = field[DEVICE] ? key_of(field[DEVICE]) : NULL;
	const struct cert *c = trusted ? testkey_cert(trusted) : NULL;
	int rc;

	if (strcmp(field[KIND], "sgn") == 0)
		rc = judge_signed(file, c, field[PAYLOAD], e);
	else if (strcmp(field[KIND], "enc") == 0)
		rc = judge_encrypted(file, c, device, field[PAYLOAD], e);
	else
		rc = judge_list(file, c, e);
	testkey_free(trusted);
	testkey_free(device);
	return rc;
}

struct tally {
	size_t files, accepted, refused, either_accepted, either_refused, built, parsed;
};

static void
verdict(const char *const field[TABLE_FIELDS], void *ctx)
{
	struct wr file = file_of(field[FILE_NAME]);
	struct tally *t = ctx;
	struct err e = { 0 };
	int rc;

	t->files++;
	if (field[WANT] == NULL) { /* the plain text of another one */
		wr_free(&file);
		return;
	}
	rc = judge(field, wr_view(&file), &e);
	if (strcmp(field[WANT], "accept") == 0)
		claim(rc == 0, field[FILE_NAME], "should be accepted", &e);
	else if (strcmp(field[WANT], "either") != 0)
		claim(rc != 0, field[FILE_NAME], "should be refused", &e);
	if (rc != 0)
		claim(e.text[0] != '\0', field[FILE_NAME], "refused without a reason", &e);
	if (strcmp(field[WANT], "either") == 0)
		*(rc == 0 ? &t->either_accepted : &t->either_refused) += 1;
	else
		*(rc == 0 ? &t->accepted : &t->refused) += 1;
	if (getenv("TL_VERBOSE") != NULL)
		printf("\n%-8s %-40s %s", rc == 0 ? "accepted" : "refused", field[FILE_NAME],
		    rc == 0 ? "" : e.text);
	wr_free(&file);
}

static void
every_file_gets_its_verdict(void)
{
	struct tally t = { 0 };

	each_row("index.tsv", verdict, &t);
	printf("%zu files: %zu accepted, %zu refused; of those that may be either %zu and %zu ...",
	    t.files, t.accepted, t.refused, t.either_accepted, t.either_refused);
	CU_ASSERT(t.accepted >= 50);
	CU_ASSERT(t.refused >= 80);
}

/* How to build a file, from the last field of index.tsv: "signer=... digest=... record=ROLE:..." */
struct recipe {
	struct testkey *signer;
	struct testkey *cert[64];
	struct tlist_want want[64];
	size_t n;
	enum digest digest;
	bool has_signer_version;
	uint8_t signer_version[2];
	char filename[128];
	uint32_t timestamp;
};

static void
recipe_record(struct recipe *r, char *value)
{
	char *pem = strchr(value, ':');

	*pem++ = '\0';
	r->cert[r->n] = key_of(pem);
	r->want[r->n] = (struct tlist_want){ .role = (unsigned)role_of(value),
		.cert = testkey_cert(r->cert[r->n]) };
	r->n++;
}

static void
recipe_word(struct recipe *r, const char *key, char *value)
{
	if (strcmp(key, "signer") == 0)
		r->signer = key_of(value);
	if (strcmp(key, "digest") == 0)
		r->digest = (enum digest)digest_of(value);
	if (strcmp(key, "timestamp") == 0)
		r->timestamp = (uint32_t)strtoul(value, NULL, 10);
	if (strcmp(key, "filename") == 0)
		snprintf(r->filename, sizeof(r->filename), "%s", value);
	if (strcmp(key, "record") == 0)
		recipe_record(r, value);
	if (strcmp(key, "signer_version") == 0) {
		r->has_signer_version = true;
		r->signer_version[0] = (uint8_t)(value[0] - '0');
		r->signer_version[1] = (uint8_t)(value[2] - '0');
	}
}

static void
recipe_read(struct recipe *r, const char *text)
{
	char *copy = mem_text(text), *at = copy, *word;

	memset(r, 0, sizeof(*r));
	while ((word = strsep(&at, " ")) != NULL) {
		char *value = strchr(word, '=');

		*value++ = '\0';
		recipe_word(r, word, value);
	}
	free(copy);
}

static void
recipe_free(struct recipe *r)
{
	testkey_free(r->signer);
	for (size_t i = 0; i < r->n; i++)
		testkey_free(r->cert[i]);
}

static int
build_list(const struct recipe *r, struct wr *out, struct err *e)
{
	struct signer signer = testkey_signer(r->signer);
	struct tlist_plan plan = {
		.layout = LAYOUT_COMPAT,
		.digest = r->digest,
		.has_signer_version = r->has_signer_version,
		.signer_version = { r->signer_version[0], r->signer_version[1] },
		.filename = r->filename,
		.timestamp = r->timestamp,
		.want = r->want,
		.n = r->n,
	};

	return tlist_encode(&plan, &signer, out, e);
}

/* Both ways to the same file. */
static int
build_signed(const struct recipe *r, const char *payload, struct wr *out, struct err *e)
{
	struct signer signer = testkey_signer(r->signer);
	struct sgn_plan plan = { LAYOUT_COMPAT, r->digest, r->filename, r->timestamp };
	struct wr plain = file_of(payload), head = { 0 };
	int rc = sgn_wrap(&plan, wr_view(&plain), &signer, out, e);

	if (rc == 0)
		rc = sgn_head(&plan, wr_view(&plain), &signer, &head, e);
	CU_ASSERT(bytes_eq(wr_view(&head), bytes_part(wr_view(out), 0, head.n)));
	CU_ASSERT_EQUAL(head.n + plain.n, out->n);
	wr_free(&plain);
	wr_free(&head);
	return rc;
}

static void
build(const char *const field[TABLE_FIELDS], void *ctx)
{
	struct wr file = { 0 }, ours = { 0 };
	struct tally *t = ctx;
	struct err e = { 0 };
	struct recipe r;
	int rc;

	if (field[BUILD] == NULL)
		return;
	file = file_of(field[FILE_NAME]);
	recipe_read(&r, field[BUILD]);
	rc = strcmp(field[KIND], "sgn") == 0 ? build_signed(&r, field[PAYLOAD], &ours, &e)
					     : build_list(&r, &ours, &e);
	claim(rc == 0, field[FILE_NAME], "cannot be built", &e);
	claim(bytes_eq(wr_view(&file), wr_view(&ours)), field[FILE_NAME], "built differently", &e);
	t->built++;
	recipe_free(&r);
	wr_free(&file);
	wr_free(&ours);
}

static void
every_file_that_can_be_made_again_is(void)
{
	struct tally t = { 0 };

	each_row("index.tsv", build, &t);
	CU_ASSERT(t.built >= 22);
}

/* The file whose lines of parsed.tsv are being read. */
struct parsed {
	char name[256];
	struct wr file;
	struct tlist *list; /* NULL: a signed file */
	struct sighdr head;
	size_t record, files;
};

static void
parsed_close(struct parsed *p)
{
	if (p->list != NULL)
		claim(p->record == p->list->n, p->name, "other records", &(struct err){ 0 });
	tlist_free(p->list);
	p->list = NULL;
	wr_free(&p->file);
}

static void
parsed_open(struct parsed *p, const char *name)
{
	struct err e = { 0 };
	struct sgn s;

	snprintf(p->name, sizeof(p->name), "%s", name);
	p->file = file_of(name);
	p->record = 0;
	p->files++;
	p->list = tlist_decode(wr_view(&p->file), &e);
	if (p->list != NULL)
		p->head = p->list->head;
	else if (sgn_unwrap(wr_view(&p->file), &s, &e) == 0)
		p->head = s.head;
	else
		claim(false, name, "does not parse", &e);
}

static void
same_text(const struct parsed *p, const char *ours, const char *theirs)
{
	bool same = ours == theirs || (ours != NULL && theirs != NULL && strcmp(ours, theirs) == 0);

	claim(same, p->name, theirs != NULL ? theirs : "nothing", &(struct err){ 0 });
}

static void
same_hex(const struct parsed *p, struct bytes ours, const char *theirs)
{
	char hex[512];

	bytes_hex(ours, '\0', hex, sizeof(hex));
	same_text(p, hex, theirs != NULL ? theirs : "");
}

static void
same_number(const struct parsed *p, unsigned long ours, const char *theirs)
{
	claim(theirs != NULL && ours == strtoul(theirs, NULL, 10), p->name,
	    theirs != NULL ? theirs : "no number", &(struct err){ 0 });
}

static void
parsed_header(struct parsed *p, const char *const field[])
{
	const struct sighdr *h = &p->head;
	char version[16], signer_version[16];

	snprintf(version, sizeof(version), "%u.%u", h->version[0], h->version[1]);
	snprintf(signer_version, sizeof(signer_version), "%u.%u", h->signer_version[0],
	    h->signer_version[1]);
	same_text(p, version, field[2]);
	same_number(p, h->length, field[3]);
	same_text(p, h->has_signer_version ? signer_version : NULL, field[4]);
	same_text(p, h->signer_name, field[5]);
	same_text(p, h->ca_name, field[6]);
	same_hex(p, h->serial, field[7]);
	same_number(p, h->digest, field[8]);
	same_number(p, h->modulus, field[9]);
	same_number(p, h->signature.n, field[10]);
	same_text(p, h->filename, field[11]);
	same_number(p, h->timestamp, field[12]);
}

static void
parsed_record(struct parsed *p, const char *const field[])
{
	const struct tlist_record *r = &p->list->record[p->record++];

	same_number(p, r->role, field[2]);
	same_text(p, r->dns, field[3]);
	same_text(p, r->subject, field[4]);
	same_text(p, r->issuer, field[5]);
	same_hex(p, r->serial, field[6]);
	if (field[7] == NULL)
		return;
	CU_ASSERT_PTR_NOT_NULL_FATAL(r->cert);
	same_hex(p, cert_sha1(r->cert), field[7]);
	same_number(p, r->der.n, field[8]);
}

static void
parsed_line(const char *const field[TABLE_FIELDS], void *ctx)
{
	struct parsed *p = ctx;

	if (strcmp(p->name, field[0]) != 0) {
		parsed_close(p);
		parsed_open(p, field[0]);
	}
	if (strcmp(field[1], "header") == 0)
		parsed_header(p, field);
	else
		parsed_record(p, field);
}

static void
good_files_parse_to_what_they_say(void)
{
	struct parsed p = { 0 };

	each_row("parsed.tsv", parsed_line, &p);
	parsed_close(&p);
	CU_ASSERT(p.files >= 30);
}

static void
no_row(void *ctx, const struct inspect_row *row)
{
	(void)ctx;
	CU_ASSERT_PTR_NOT_NULL(row->name);
}

/* inspect marks something exactly when the strict reader refuses (lists: their own signature, too).
 */
static void
inspected(const char *const field[TABLE_FIELDS], void *ctx)
{
	struct wr file = file_of(field[FILE_NAME]);
	size_t problems = inspect_walk(wr_view(&file), no_row, NULL);
	enum inspect_kind kind = inspect_kind_of(wr_view(&file));
	struct err e = { 0 };
	struct sgn s;
	struct enc x;
	int rc = 0;

	(void)ctx;
	if (kind == INSPECT_LIST)
		rc = judge_list(wr_view(&file), NULL, &e);
	if (kind == INSPECT_SIGNED)
		rc = sgn_unwrap(wr_view(&file), &s, &e);
	if (kind == INSPECT_ENCRYPTED)
		rc = enc_decode(wr_view(&file), &x, &e);
	if (kind <= INSPECT_ENCRYPTED)
		claim((problems == 0) == (rc == 0), field[FILE_NAME], "inspected otherwise", &e);
	wr_free(&file);
}

static void
inspect_marks_what_is_refused(void)
{
	each_row("index.tsv", inspected, NULL);
}

static const struct suite_test tests[] = {
	{ "every file gets its verdict", every_file_gets_its_verdict },
	{ "every file that can be made again is", every_file_that_can_be_made_again_is },
	{ "good files parse to what they say", good_files_parse_to_what_they_say },
	{ "inspect marks what is refused", inspect_marks_what_is_refused },
};

SUITE_MAIN("trust/vectors", tests)
