#include "cmd/rehearsal/drawer.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"

#define MODULE "TRUSTLIST_PKCS11_MODULE"

enum { FOLDER_MODE = 0700, FILE_MODE = 0600 };

/* Where distributions put it. */
static const char *const places[] = { "/usr/lib/softhsm/libsofthsm2.so",
	"/usr/lib64/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so",
	"/usr/lib/pkcs11/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so" };

/* The environment may say where SoftHSM is, and never that it is another library: that would reach
 * real tokens, and a rehearsal makes its own of every blank one. */
static const char *
softhsm(void)
{
	const char *path = getenv(MODULE), *name = path == NULL ? NULL : strrchr(path, '/');

	if (name != NULL && strncmp(name, "/libsofthsm2", strlen("/libsofthsm2")) == 0)
		return path;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (file_exists(places[i]))
			return places[i];
	return NULL;
}

static int
find_library(struct err *e)
{
	const char *path = softhsm();

	if (path == NULL) {
		err_set(e, ERR_NOT_FOUND,
		    "this rehearsal needs security tokens, and there is no SoftHSM to stand in for "
		    "them (%s)",
		    places[0]);
		return err_hint(e, "apt-get install softhsm2, or " MODULE
				   " names its libsofthsm2.so; no library of "
				   "real tokens is used");
	}
	return setenv(MODULE, path, 1) == 0 ? 0 : err_errno(e, "the environment is full");
}

int
drawer_none(struct err *e)
{
	return unsetenv(MODULE) == 0 ? 0 : err_errno(e, "the environment cannot be changed");
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
