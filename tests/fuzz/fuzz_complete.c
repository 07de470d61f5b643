/* links: tl_tftp_proto */
#include <assert.h>
#include <string.h>

#include "tests/support/fuzz.h"
#include "tftp/complete.h"

static const struct node server = { .name = "cucm-pub", .address = "10.0.0.1" };

/* What was there is there still, at both ends of what came in. */
static void
check_rest(struct bytes in, struct bytes out)
{
	size_t before = 0, behind = 0;

	while (before < in.n && in.p[before] == out.p[before])
		before++;
	while (behind < in.n - before && in.p[in.n - 1 - behind] == out.p[out.n - 1 - behind])
		behind++;
	/* An empty device is opened: its "/>" goes. */
	assert(out.n > in.n && before + behind + 2 >= in.n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_over(data, size);
	struct devconf_facts f = { .server = { server },
		.servers = 1,
		.publisher = server,
		.capf_port = 3804,
		.tvs_port = 2445 };
	struct device d = { .security = SECURITY_ENCRYPTED, .encrypted_config = true };
	struct devconf_phone p = { .device = &d, .capf_auth = 2 };
	struct wr out = { 0 }, again = { 0 };
	struct err e = { 0 };
	unsigned added;

	if (complete_config(in, &f, &p, &out, &added, &e) != 0) {
		assert(e.text[0] != '\0' && out.n == 0 && added == 0);
		wr_free(&out);
		return 0;
	}
	if (added == 0) {
		assert(bytes_eq(wr_view(&out), in));
	} else {
		check_rest(in, wr_view(&out));
		assert(complete_config(wr_view(&out), &f, &p, &again, &added, &e) == 0);
		assert(added == 0);
	}
	wr_free(&out);
	wr_free(&again);
	return 0;
}
