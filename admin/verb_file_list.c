#include <stdlib.h>
#include <string.h>

#include "admin/verb_file.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/mem.h"
#include "trust/key.h"
#include "trust/role.h"
#include "trust/tlist.h"

/* The records asked for, with the certificates they name. */
struct wants {
	struct tlist_want *want;
	struct cert **cert;
	size_t n;
};

static void
wants_free(struct wants *w)
{
	for (size_t i = 0; i < w->n; i++)
		cert_free(w->cert[i]);
	free(w->cert);
	free(w->want);
}

static void
add_word(struct wr *w, unsigned role)
{
	if (role_of(role_word(role)) == (int)role)
		wr_fmt(w, "%s%s", w->n > 0 ? ", " : "", role_word(role));
}

static int
no_such_role(const char *record, size_t n, struct err *e)
{
	struct wr words = { 0 };

	for (unsigned role = 0; role < ROLE_UNKNOWN; role++)
		add_word(&words, role);
	err_set(e, ERR_USAGE, "--record %s: no such role: %.*s", record, (int)n, record);
	err_hint(e, "the roles: %s", wr_cstr(&words));
	wr_free(&words);
	return -1;
}

/* "TVS=tvs.pem" */
static int
add_record(const struct call *c, const char *record, struct wants *w, struct err *e)
{
	const char *equals = strchr(record, '=');
	char *word;
	int role;

	if (equals == NULL)
		return err_set(e, ERR_USAGE, "--record %s: not ROLE=CERT.pem", record);
	word = mem_text_n(record, (size_t)(equals - record));
	role = role_of(word);
	free(word);
	if (role < 0)
		return no_such_role(record, (size_t)(equals - record), e);
	if (file_check_out(c, equals + 1, e) != 0)
		return -1;
	w->cert[w->n] = file_load_cert(equals + 1, e);
	if (w->cert[w->n] == NULL)
		return -1;
	w->want[w->n] = (struct tlist_want){ .role = (unsigned)role, .cert = w->cert[w->n] };
	w->n++;
	return 0;
}

static int
read_records(const struct call *c, struct wants *w, struct err *e)
{
	const char *record;

	w->want = mem_array(c->options, sizeof(*w->want));
	w->cert = mem_array(c->options, sizeof(*w->cert));
	while ((record = call_option_n(c, "record", w->n)) != NULL)
		if (add_record(c, record, w, e) != 0)
			return -1;
	return 0;
}

static int
read_version(const struct call *c, struct tlist_plan *plan, struct err *e)
{
	const char *version = call_option(c, "signer-version");

	if (version == NULL)
		return 0;
	if (strcmp(version, "1.0") != 0 && strcmp(version, "1.1") != 0)
		return err_set(e, ERR_USAGE, "--signer-version %s: neither 1.0 nor 1.1", version);
	plan->has_signer_version = true;
	plan->signer_version[0] = 1;
	plan->signer_version[1] = (uint8_t)(version[2] - '0');
	return 0;
}

static int
plan_list(const struct call *c, const struct wants *w, struct tlist_plan *plan, struct err *e)
{
	const char *filename = call_option(c, "filename");

	*plan = (struct tlist_plan){ .want = w->want, .n = w->n };
	plan->filename = filename == NULL ? "ITLFile.tlv" : filename;
	if (file_option_digest(c, &plan->digest, e) != 0 ||
	    file_option_order(c, LAYOUT_CISCO, &plan->layout, e) != 0 ||
	    file_option_timestamp(c, &plan->timestamp, e) != 0)
		return -1;
	return read_version(c, plan, e);
}

/* A list that phones cannot load is made all the same: it may be wanted to see them fail. */
static void
warn(struct out *o, struct bytes file)
{
	struct tlist *l = tlist_decode(file, NULL);
	char warning[240] = "";

	if (l != NULL)
		tlist_warning(l, warning, sizeof(warning));
	if (warning[0] != '\0')
		out_text(o, "warning", "Warning", warning);
	tlist_free(l);
}

static int
build(const struct call *c, const struct tlist_plan *plan, struct out *o, struct err *e)
{
	struct wr file = { .max = TLIST_MAX };
	struct key *key = NULL;
	struct cert *cert = NULL;
	struct signer signer;
	int rc = key_load_pair(call_option(c, "key"), &key, &cert, e);

	signer = key_signer(key, cert);
	if (rc == 0)
		rc = tlist_encode(plan, &signer, &file, e);
	if (rc == 0)
		rc = file_write_out(c, o, wr_view(&file), 0644, e);
	if (rc == 0) {
		file_show_signed(o, plan->filename, cert, plan->digest, plan->timestamp);
		out_int(o, "records", "Records", (int64_t)plan->n);
		warn(o, wr_view(&file));
	}
	wr_free(&file);
	cert_free(cert);
	key_free(key);
	return rc;
}

int
file_build_list(const struct call *c, struct out *o, struct err *e)
{
	struct wants w = { 0 };
	struct tlist_plan plan;
	int rc = file_check_out(c, call_option(c, "key"), e);

	if (rc == 0)
		rc = read_records(c, &w, e);
	if (rc == 0)
		rc = plan_list(c, &w, &plan, e);
	if (rc == 0)
		rc = build(c, &plan, o, e);
	wants_free(&w);
	return rc;
}
