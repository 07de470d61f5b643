#include "cmd/phone/identity.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

enum { FILE_MODE = 0600 };

static const char next_file[] = "lsc.next.key";

const char *
identity_name(enum identity_kind kind)
{
	return kind == IDENTITY_LSC ? "LSC" : "MIC";
}

const char *
identity_file(enum identity_kind kind)
{
	return kind == IDENTITY_LSC ? "lsc.pem" : "mic.pem";
}

static char *
path_of(const char *folder, const char *file)
{
	return mem_fmt("%s/%s", folder, file);
}

void
identity_clear(struct identity *i)
{
	cert_free(i->cert);
	key_free(i->key);
	*i = (struct identity){ .cert = NULL };
}

enum identity_kind
identity_of(const struct identity *have, enum identity_kind first)
{
	enum identity_kind other = first == IDENTITY_LSC ? IDENTITY_MIC : IDENTITY_LSC;

	if (have[first].cert != NULL)
		return first;
	return have[other].cert != NULL ? other : IDENTITIES;
}

int
identity_load(const char *folder, enum identity_kind kind, struct identity *out, struct err *e)
{
	char *path = path_of(folder, identity_file(kind));
	struct err why = { 0 };
	int rc = 0;

	*out = (struct identity){ .cert = NULL };
	if (file_exists(path) && key_load_pair(path, &out->key, &out->cert, &why) != 0) {
		out->damaged = why.code == ERR_MALFORMED || why.code == ERR_LIMIT;
		rc = out->damaged ? 0 : -1;
	}
	if (rc != 0 && e != NULL)
		*e = why;
	free(path);
	return rc;
}

static int
replace(const char *folder, const char *file, struct bytes content, struct err *e)
{
	char *path = path_of(folder, file);
	int rc = file_replace(path, content, FILE_MODE, e);

	free(path);
	return rc;
}

int
identity_keep(const char *folder, enum identity_kind kind, const struct cert *c,
    const struct key *k, struct err *e)
{
	struct wr pem = { 0 };
	int rc;

	cert_to_pem(c, &pem);
	rc = key_to_pem(k, &pem, e);
	if (rc == 0)
		rc = replace(folder, identity_file(kind), wr_view(&pem), e);
	wr_wipe(&pem);
	return rc;
}

static int
erase(const char *folder, const char *file, struct err *e)
{
	char *path = path_of(folder, file);
	int rc = 0;

	if (unlink(path) != 0 && errno != ENOENT)
		rc = err_errno(e, "cannot erase %s", path);
	free(path);
	return rc;
}

int
identity_erase(const char *folder, enum identity_kind kind, struct err *e)
{
	return erase(folder, identity_file(kind), e);
}

int
identity_keep_next(const char *folder, const struct key *k, struct err *e)
{
	struct wr pem = { 0 };
	int rc = key_to_pem(k, &pem, e);

	if (rc == 0)
		rc = replace(folder, next_file, wr_view(&pem), e);
	wr_wipe(&pem);
	return rc;
}

struct key *
identity_next(const char *folder)
{
	char *path = path_of(folder, next_file);
	struct key *k = key_load(path, NULL);

	free(path);
	return k;
}

int
identity_erase_next(const char *folder, struct err *e)
{
	return erase(folder, next_file, e);
}
