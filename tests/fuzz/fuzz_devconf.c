/* links: tl_tftp_proto */
#include <assert.h>
#include <string.h>

#include "tests/support/fuzz.h"
#include "tftp/devconf.h"

static void
check_server(const struct devconf_server *s)
{
	assert(memchr(s->host, '\0', sizeof(s->host)) != NULL);
	assert(s->host[0] != '\0' && s->port != 0);
}

static void
check(const struct devconf_read *r)
{
	assert(r->callmanagers <= DEVCONF_SERVERS_MAX && r->tvs_n <= DEVCONF_SERVERS_MAX);
	for (size_t i = 0; i < r->callmanagers; i++)
		assert(r->callmanager[i][0] != '\0');
	for (size_t i = 0; i < r->tvs_n; i++)
		check_server(&r->tvs[i]);
	assert((r->capf.host[0] != '\0') == (r->capf.port != 0));
	assert(r->capf_auth >= 0 && r->capf_auth <= DEVCONF_AUTH_MAX);
	assert(memchr(r->cert_hash, '\0', sizeof(r->cert_hash)) != NULL);
	assert(r->security >= SECURITY_NONE && r->security <= SECURITY_ENCRYPTED);
	assert(!r->is_default || (r->tvs_n == 0 && r->capf.port == 0 && r->load[0] == '\0'));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct devconf_read r;
	struct err e = { 0 };

	if (devconf_read(bytes_over(data, size), &r, &e) == 0) {
		check(&r);
		return 0;
	}
	assert(e.text[0] != '\0' && r.tvs_n == 0 && r.callmanagers == 0 && r.capf.port == 0);
	return 0;
}
