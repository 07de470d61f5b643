#include "trust/judge.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "trust/role.h"
#include "trust/sgn.h"

enum { SIGNER_VERSION_EC = 0x0101 };

/* What is being judged, the same for a list and a file. */
struct subject {
	const struct judge_memory *memory;
	const struct model *model;
	const struct judge_tvs *tvs;
	const char *noun; /* "list", "file" */
	bool (*may_sign)(unsigned role);
	const struct sighdr *head;
	struct bytes file;
	bool (*ctl_may_sign)(unsigned role); /* where the signer's record stands in the CTL */
};

/* A record of a list the phone holds. */
struct found {
	const struct tlist_record *record;
	const char *list; /* "CTL", "ITL" */
	size_t number;	  /* from 1 */
};

const char *
judge_reason_word(enum judge_reason reason)
{
	static const char *const word[] = {
		[JUDGE_FIRST_LIST] = "first-list",
		[JUDGE_IN_CTL] = "signer-in-ctl",
		[JUDGE_IN_ITL] = "signer-in-itl",
		[JUDGE_TVS_VOUCHES] = "tvs-vouches",
		[JUDGE_EMPTY_LIST] = "empty-list",
		[JUDGE_NO_SBD] = "no-security-by-default",
		[JUDGE_UNKNOWN_SIGNER] = "unknown-signer",
		[JUDGE_NO_TVS] = "no-tvs-in-itl",
		[JUDGE_TVS_UNREACHABLE] = "tvs-unreachable",
		[JUDGE_TVS_LACKS] = "tvs-lacks-certificate",
		[JUDGE_TVS_ROLE] = "tvs-wrong-role",
		[JUDGE_BAD_SIGNATURE] = "bad-signature",
		[JUDGE_UNSIGNED] = "unsigned",
		[JUDGE_MALFORMED] = "malformed",
		[JUDGE_DIGEST] = "digest-not-supported",
		[JUDGE_NOT_ENCRYPTED] = "not-encrypted",
		[JUDGE_KEY] = "decryption-key-mismatch",
	};

	return word[reason];
}

static bool
holds_tftp(const struct tlist *l)
{
	return l != NULL && !tlist_has_empty_tftp(l);
}

/* Phones without Security By Default never hold an ITL, but a mixed mode cluster gives them a CTL.
 */
bool
judge_wants_signed(const struct judge_memory *memory)
{
	return holds_tftp(memory->ctl) || holds_tftp(memory->itl);
}

static void __attribute__((format(printf, 4, 5))) say(struct judgement *out,
    enum judge_verdict verdict, enum judge_reason reason, const char *fmt, ...)
{
	va_list ap;

	out->verdict = verdict;
	out->reason = reason;
	va_start(ap, fmt);
	vsnprintf(out->why, sizeof(out->why), fmt, ap);
	va_end(ap);
}

/* The record that the header names as signer and that may sign such a thing. */
static bool
find_in(const struct tlist *l, const char *name, bool (*may_sign)(unsigned role),
    const struct subject *s, struct found *out)
{
	for (size_t i = 0; l != NULL && i < l->n; i++) {
		const struct tlist_record *r = &l->record[i];

		if (r->cert == NULL || !may_sign(r->role) || !sighdr_names(s->head, r->cert))
			continue;
		*out = (struct found){ r, name, i + 1 };
		return true;
	}
	return false;
}

static bool
find_signer(const struct subject *s, struct found *out)
{
	return find_in(s->memory->ctl, "CTL", s->ctl_may_sign, s, out) ||
	       find_in(s->memory->itl, "ITL", s->may_sign, s, out);
}

static void
judge_by_record(const struct subject *s, const struct found *by, struct judgement *out)
{
	const struct tlist_record *r = by->record;
	struct err e = { 0 };

	snprintf(out->decided_by, sizeof(out->decided_by), "%.200s, %s (record %zu of the %s)",
	    cert_subject(r->cert, CERT_CISCO), role_word(r->role), by->number, by->list);
	if (sighdr_verify(s->head, s->file, r->cert, &e) != 0) {
		say(out, JUDGE_REFUSED, JUDGE_BAD_SIGNATURE,
		    "names a signer of the phone's %s, but the signature is not its: %.200s",
		    by->list, e.text);
		return;
	}
	say(out, JUDGE_ACCEPTED, by->list[0] == 'C' ? JUDGE_IN_CTL : JUDGE_IN_ITL,
	    "signed by record %zu of the phone's %s", by->number, by->list);
}

static bool
vouched_to_sign(const struct subject *s)
{
	for (size_t i = 0; i < s->tvs->roles_n; i++)
		if (s->may_sign(s->tvs->roles[i]))
			return true;
	return false;
}

static void
judge_by_vouched(const struct subject *s, struct judgement *out)
{
	struct err e = { 0 };

	snprintf(out->decided_by, sizeof(out->decided_by), "%.200s, vouched for by TVS",
	    cert_subject(s->tvs->cert, CERT_CISCO));
	if (!vouched_to_sign(s)) {
		say(out, JUDGE_REFUSED, JUDGE_TVS_ROLE,
		    "TVS knows the signer, but in no role that may sign a %s", s->noun);
		return;
	}
	if (sighdr_verify(s->head, s->file, s->tvs->cert, &e) != 0) {
		say(out, JUDGE_REFUSED, JUDGE_BAD_SIGNATURE,
		    "the signature is not by the certificate that TVS vouches for: %.200s", e.text);
		return;
	}
	say(out, JUDGE_ACCEPTED, JUDGE_TVS_VOUCHES, "TVS vouches for the signer");
}

/* The three ways a migration fails, apart: nobody to ask, nobody answers, the answer is no. */
static void
judge_by_tvs(const struct subject *s, struct judgement *out)
{
	const char *signer = s->head->signer_name;

	if (s->memory->itl == NULL || !tlist_has_role(s->memory->itl, ROLE_TVS)) {
		say(out, JUDGE_REFUSED, JUDGE_NO_TVS,
		    "signer %.200s is in no list of the phone, and its ITL names no TVS to ask",
		    signer);
		return;
	}
	switch (s->tvs->state) {
	case TVS_NOT_ASKED:
		say(out, JUDGE_ASK_TVS, JUDGE_UNKNOWN_SIGNER,
		    "signer %.200s is in no list of the phone", signer);
		return;
	case TVS_UNREACHABLE:
		say(out, JUDGE_REFUSED, JUDGE_TVS_UNREACHABLE,
		    "signer %.200s is in no list of the phone, and TVS cannot be reached", signer);
		return;
	case TVS_UNKNOWN:
		say(out, JUDGE_REFUSED, JUDGE_TVS_LACKS,
		    "signer %.200s is in no list of the phone, and TVS does not know it", signer);
		return;
	case TVS_VOUCHED:
		judge_by_vouched(s, out);
		return;
	}
}

static bool
can_check(const struct subject *s, struct judgement *out)
{
	if (s->head->digest != DIGEST_SHA512 || s->model->sha512)
		return true;
	say(out, JUDGE_REFUSED, JUDGE_DIGEST, "signed with SHA-512, which a %s cannot check",
	    s->model->name);
	return false;
}

static void
judge_signed(const struct subject *s, struct judgement *out)
{
	struct found by;

	out->signer = s->head->signer_name;
	out->issuer = s->head->ca_name;
	out->serial = s->head->serial;
	if (!can_check(s, out))
		return;
	if (find_signer(s, &by))
		judge_by_record(s, &by, out);
	else
		judge_by_tvs(s, out);
}

/* Nothing to check the signer against: the list only has to be whole. */
static void
judge_on_faith(const struct subject *s, const struct tlist *l, enum judge_reason reason,
    const char *why, struct judgement *out)
{
	struct err e = { 0 };

	out->signer = s->head->signer_name;
	out->issuer = s->head->ca_name;
	out->serial = s->head->serial;
	if (!can_check(s, out))
		return;
	if (tlist_verify_self(l, &e) != 0)
		say(out, JUDGE_REFUSED, JUDGE_BAD_SIGNATURE,
		    "not even signed by its own signer: %.200s", e.text);
	else
		say(out, JUDGE_ACCEPTED, reason, "%s", why);
}

/* No phone refuses a signer version: one that does not know it skips it, and a later one than it
 * knows is as good as 1.1 (model.h). */
static void
note_signer_version(const struct subject *s, struct judgement *out)
{
	const struct sighdr *h = s->head;
	unsigned version = (unsigned)h->signer_version[0] << 8 | h->signer_version[1];
	size_t n = strlen(out->why);

	if (!h->has_signer_version || version < SIGNER_VERSION_EC)
		return;
	out->ec = s->model->ec;
	snprintf(&out->why[n], sizeof(out->why) - n, "; signer version %u.%u, %s%s",
	    h->signer_version[0], h->signer_version[1],
	    out->ec ? "so it may use EC" : "which is skipped by a ", out->ec ? "" : s->model->name);
}

void
judge_list(const struct judge_memory *memory, const struct model *model, struct bytes file,
    const struct judge_tvs *tvs, struct judgement *out, struct tlist **list)
{
	struct err e = { 0 };
	struct tlist *l = tlist_decode(file, &e);
	struct sighdr head = { 0 };
	struct subject s = { memory, model, tvs, "list", role_may_sign_lists, &head, file,
		.ctl_may_sign = role_may_sign_lists };

	*out = (struct judgement){ 0 };
	*list = NULL;
	/* The header is read once more, over the caller's bytes: what the judgement lends lives
	 * there, not in a list that may be freed below. */
	if (l == NULL || sighdr_decode(file, SIGHDR_LIST, &head, &e) != 0) {
		say(out, JUDGE_REFUSED, JUDGE_MALFORMED, "%.300s", e.text);
		tlist_free(l);
		return;
	}
	if (!tlist_is_ctl(l))
		s.ctl_may_sign = role_may_sign_itl;
	if (memory->ctl == NULL && memory->itl == NULL)
		judge_on_faith(&s, l, JUDGE_FIRST_LIST,
		    "the phone holds no list: the first one is taken as it is", out);
	else if (!judge_wants_signed(memory))
		judge_on_faith(&s, l, JUDGE_EMPTY_LIST,
		    "the phone's list has an empty TFTP section: any new list is taken", out);
	else
		judge_signed(&s, out);
	if (out->verdict == JUDGE_ACCEPTED) {
		note_signer_version(&s, out);
		out->payload = file;
		*list = l;
		return;
	}
	tlist_free(l);
}

/* Signed by whom the phone's lists want it signed, if they want anything. */
static void
judge_signature(const struct subject *s, struct judgement *out)
{
	bool sbd = s->model->sbd;

	if (judge_wants_signed(s->memory))
		judge_signed(s, out);
	else
		say(out, JUDGE_ACCEPTED, sbd ? JUDGE_EMPTY_LIST : JUDGE_NO_SBD,
		    "nothing to check the signature against: taken");
}

void
judge_file(const struct judge_memory *memory, const struct model *model, struct bytes file,
    const struct judge_tvs *tvs, struct judgement *out)
{
	enum sighdr_kind kind;
	struct sgn sgn;
	struct err e = { 0 };
	struct subject s = { memory, model, tvs, "file", role_may_sign_files, &sgn.head, file,
		.ctl_may_sign = role_may_sign_files };
	bool wants = judge_wants_signed(memory);

	*out = (struct judgement){ 0 };
	if (!sighdr_is(file, &kind)) {
		if (wants) {
			say(out, JUDGE_REFUSED, JUDGE_UNSIGNED,
			    "a plain file where the phone's list asks for a signed one");
			return;
		}
		say(out, JUDGE_ACCEPTED, model->sbd ? JUDGE_EMPTY_LIST : JUDGE_NO_SBD,
		    model->sbd
			? "no list of the phone has a TFTP certificate: unsigned files are taken"
			: "the model knows no signed files");
		out->payload = file;
		return;
	}
	if (sgn_unwrap(file, &sgn, &e) != 0) {
		say(out, JUDGE_REFUSED, JUDGE_MALFORMED, "%.300s", e.text);
		return;
	}
	judge_signature(&s, out);
	if (out->verdict == JUDGE_ACCEPTED)
		out->payload = sgn.payload;
}

/* What was accepted is of use only to who can read it.  "Decryption key mismatch" is reason 16 of
 * Cisco's alarm document for a configuration that a phone does not take; 15 is "not encrypted". */
static void
open_accepted(
    const struct enc *x, const struct opener *who, struct wr *plain, struct judgement *out)
{
	struct err e = { 0 };
	size_t at = plain->n;

	if (who == NULL)
		say(out, JUDGE_REFUSED, JUDGE_KEY,
		    "encrypted, and the phone has neither an LSC nor a MIC to open it with");
	else if (enc_open(x, who, plain, &e) == 0)
		out->payload = bytes_from(wr_view(plain), at);
	else if (e.code == ERR_MALFORMED || e.code == ERR_LIMIT)
		say(out, JUDGE_REFUSED, JUDGE_MALFORMED, "%.300s", e.text);
	else
		say(out, JUDGE_REFUSED, JUDGE_KEY, "decryption key mismatch: %.300s", e.text);
}

void
judge_encrypted(const struct judge_memory *memory, const struct model *model, struct bytes file,
    const struct judge_tvs *tvs, const struct opener *who, struct wr *plain, struct judgement *out)
{
	enum sighdr_kind kind;
	struct err e = { 0 };
	struct enc x;
	struct subject s = { memory, model, tvs, "file", role_may_sign_files, &x.head, file,
		.ctl_may_sign = role_may_sign_files };

	*out = (struct judgement){ 0 };
	if (!sighdr_is(file, &kind) || kind != SIGHDR_ENCRYPTED) {
		say(out, JUDGE_REFUSED, JUDGE_NOT_ENCRYPTED,
		    "not encrypted, where the phone asks for an encrypted configuration");
		return;
	}
	if (enc_decode(file, &x, &e) != 0) {
		say(out, JUDGE_REFUSED, JUDGE_MALFORMED, "%.300s", e.text);
		return;
	}
	judge_signature(&s, out);
	if (out->verdict == JUDGE_ACCEPTED)
		open_accepted(&x, who, plain, out);
}
