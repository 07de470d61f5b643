#include "admin/token_option.h"

#include <stdlib.h>

struct token_module *
token_option_module(const struct call *c, struct err *e)
{
	const char *path = call_option(c, "module");

	if (path == NULL)
		path = getenv("TRUSTLIST_PKCS11_MODULE");
	if (path != NULL && path[0] != '\0')
		return token_module_open(path, e);
	err_set(e, ERR_USAGE, "no PKCS#11 library to reach security tokens with");
	err_hint(e, "--module FILE, or TRUSTLIST_PKCS11_MODULE in the environment; SoftHSM's is "
		    "/usr/lib/softhsm/libsofthsm2.so");
	return NULL;
}
