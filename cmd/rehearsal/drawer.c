#include "cmd/rehearsal/drawer.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/mem.h"

#define MODULE	"TRUSTLIST_PKCS11_MODULE"
#define SOFTHSM "/usr/lib/softhsm/libsofthsm2.so"

enum { FOLDER_MODE = 0700, FILE_MODE = 0600 };

static int
find_library(struct err *e)
{
	const char *path = getenv(MODULE);

	if (path != NULL && path[0] != '\0')
		return 0;
	if (!file_exists(SOFTHSM)) {
		err_set(e, ERR_NOT_FOUND,
		    "this rehearsal needs security tokens, and there is no "
		    "SoftHSM to stand in for them (" SOFTHSM ")");
		return err_hint(e, "apt-get install softhsm2, or " MODULE " names another library");
	}
	return setenv(MODULE, SOFTHSM, 1) == 0 ? 0 : err_errno(e, "the environment is full");
}

int
drawer_open(const char *dir, struct err *e)
{
	char *tokens = mem_fmt("%s/tokens", dir), *conf = mem_fmt("%s/softhsm2.conf", dir);
	char *text = mem_fmt("directories.tokendir = %s\nlog.level = ERROR\n", tokens);
	int rc = find_library(e);

	if (rc == 0)
		rc = file_make_folder(tokens, FOLDER_MODE, e);
	if (rc == 0)
		rc = file_replace(conf, bytes_of(text), FILE_MODE, e);
	if (rc == 0 && setenv("SOFTHSM2_CONF", conf, 1) != 0)
		rc = err_errno(e, "the environment is full");
	free(tokens);
	free(conf);
	free(text);
	return rc;
}
