/* links: tl_capf_proto */
#include <assert.h>
#include <string.h>

#include "capf/proto.h"
#include "tests/support/fuzz.h"

static bool
is_inside(struct bytes part, struct bytes whole)
{
	return part.n == 0 || (part.p >= whole.p && part.n < whole.n);
}

static void
check_views(const struct capf_message *m, struct bytes in)
{
	assert(is_inside(m->info, in) && is_inside(m->cert, in) && is_inside(m->public_key, in));
	assert(is_inside(m->signed_sha1, in) && is_inside(m->signed_sha512, in));
	assert(is_inside(m->sudi.cert, in) && is_inside(m->sudi.signed_sha1, in));
	assert(is_inside(m->sudi.signed_sha512, in));
	assert(!(m->has & CAPF_HAS_CERT) == (m->cert.n == 0));
	assert(!(m->has & CAPF_HAS_SUDI) == (m->sudi.cert.n == 0));
	assert(!(m->has & CAPF_HAS_SIGNED_SHA512) == (m->signed_sha512.n == 0));
}

static void
check_text(const char *text, size_t size, bool has)
{
	size_t n = strnlen(text, size);

	assert(n < size && bytes_is_utf8(bytes_over(text, n)));
	assert(has || n == 0);
}

static void
check_same(const struct capf_message *a, const struct capf_message *b)
{
	assert(a->command == b->command && a->session == b->session && a->has == b->has);
	assert(a->reason == b->reason && a->cert_type == b->cert_type);
	assert(a->version == b->version && a->auth_type == b->auth_type);
	assert(a->key_bits == b->key_bits && a->key_type == b->key_type && a->curve == b->curve);
	assert(strcmp(a->password, b->password) == 0 && strcmp(a->device, b->device) == 0);
	assert(bytes_eq(a->info, b->info) && bytes_eq(a->cert, b->cert));
	assert(bytes_eq(a->public_key, b->public_key));
	assert(bytes_eq(a->signed_sha1, b->signed_sha1));
	assert(bytes_eq(a->signed_sha512, b->signed_sha512));
	assert(bytes_eq(a->sudi.cert, b->sudi.cert));
	assert(bytes_eq(a->sudi.signed_sha1, b->sudi.signed_sha1));
	assert(bytes_eq(a->sudi.signed_sha512, b->sudi.signed_sha512));
}

/* What was read says the same when it is written and read again. */
static void
check_again(const struct capf_message *m, enum capf_from from)
{
	struct wr once = { 0 }, twice = { 0 };
	struct capf_message again;
	struct err e;

	capf_encode(m, &once);
	assert(!once.bad);
	assert(capf_decode(wr_view(&once), from, &again, &e) == 0);
	check_same(m, &again);
	capf_encode(&again, &twice);
	assert(bytes_eq(wr_view(&once), wr_view(&twice)));
	wr_free(&once);
	wr_free(&twice);
}

static void
check_refusal(const struct capf_message *m, const struct err *e)
{
	static const struct capf_message blank;

	assert(bytes_eq(bytes_over(m, sizeof(*m)), bytes_over(&blank, sizeof(blank))));
	assert(e->code != ERR_NONE && e->text[0] != '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum capf_from sides[] = { CAPF_FROM_SERVER, CAPF_FROM_PHONE };
	struct bytes in = bytes_over(data, size);

	for (int i = 0; i < 2; i++) {
		struct capf_message m;
		struct err e = { 0 };

		if (capf_decode(in, sides[i], &m, &e) != 0) {
			check_refusal(&m, &e);
			continue;
		}
		assert(capf_frame(in) == (ssize_t)size && size <= CAPF_MESSAGE_MAX);
		check_views(&m, in);
		check_text(m.password, sizeof(m.password), m.has & CAPF_HAS_PASSWORD);
		check_text(m.device, sizeof(m.device), m.has & CAPF_HAS_DEVICE);
		check_again(&m, sides[i]);
	}
	return 0;
}
