#include "admin/spool.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

static bool
is_file(const struct route_value *v)
{
	return v->takes == VALUE_FILE || v->takes == VALUE_SECRET || v->takes == VALUE_ROLE_FILE ||
	       v->takes == VALUE_OUT;
}

static bool
needs_folder(const struct route_call *c)
{
	for (size_t i = 0; i < c->values; i++)
		if (is_file(&c->value[i]))
			return true;
	return c->verb->apart; /* it begins there, where no file of anybody's lies */
}

static char *
make_folder(const char *root, struct err *e)
{
	char *base = mem_fmt("%s/spool", root), *path = mem_fmt("%s/XXXXXX", base);
	int rc = file_make_folder(base, 0700, e);

	free(base);
	if (rc == 0 && mkdtemp(path) != NULL)
		return path;
	if (rc == 0)
		err_errno(e, "no folder for the files of a call");
	free(path);
	return NULL;
}

/* Each file has a folder of its own: two may have one name. */
static int
place_file(struct route_value *v, const char *folder, size_t number, struct err *e)
{
	char *own = mem_fmt("%s/%zu", folder, number);
	char *path = mem_fmt("%s/%s", own, v->file.name);
	int rc = 0;

	if (mkdir(own, 0700) != 0)
		rc = err_errno(e, "%s: no place for it", v->param);
	if (rc == 0 && v->takes != VALUE_OUT)
		rc = file_replace(path, bytes_over(v->file.p, v->file.n), 0600, e);
	free(own);
	if (rc == 0 && v->takes == VALUE_ROLE_FILE) {
		char *both = mem_fmt("%s=%s", v->text, path);

		free(path);
		path = both;
	}
	free(v->text);
	v->text = path;
	return rc;
}

static int
place_under(struct route_value *v, const char *root, const char *place, struct err *e)
{
	char *folder = mem_fmt("%s/%s", root, place), *path;
	int rc = 0;

	if (strncmp(v->text, "sftp://", 7) != 0) {
		path = mem_fmt("%s/%s", folder, v->text);
		free(v->text);
		v->text = path;
		rc = file_make_folder(folder, 0700, e);
	}
	free(folder);
	return rc;
}

static int
place_value(
    struct route_value *v, const char *root, const char *folder, size_t number, struct err *e)
{
	if (is_file(v))
		return place_file(v, folder, number, e);
	switch (v->takes) {
	case VALUE_PHONES:
		return place_under(v, root, "phones", e);
	case VALUE_EXCHANGE:
		return place_under(v, root, "bulk", e);
	case VALUE_OWN_ROOT:
		free(v->text);
		v->text = mem_text(root);
		return 0;
	default:
		return 0;
	}
}

int
spool_begin(struct route_call *c, const char *root, char **folder, struct err *e)
{
	*folder = NULL;
	if (needs_folder(c) && (*folder = make_folder(root, e)) == NULL)
		return -1;
	for (size_t i = 0; i < c->values; i++)
		if (place_value(&c->value[i], root, *folder, i, e) != 0)
			return -1;
	return 0;
}

int
spool_collect(struct route_call *c, struct err *e)
{
	size_t left = SPOOL_OUT_MAX;

	for (size_t i = 0; i < c->values; i++) {
		struct route_value *v = &c->value[i];
		struct wr content = { .max = left + 1 };

		if (v->takes != VALUE_OUT || !file_exists(v->text))
			continue;
		if (file_read(v->text, left, &content, e) != 0) {
			wr_wipe(&content);
			return err_hint(e, "the host's own command line has no such limit");
		}
		left -= content.n;
		v->file.p = wr_steal(&content, &v->file.n);
	}
	return 0;
}

static void
remove_all(const char *path, int depth)
{
	DIR *d = depth > 0 ? opendir(path) : NULL;
	struct dirent *at;

	while (d != NULL && (at = readdir(d)) != NULL) {
		char *one;

		if (strcmp(at->d_name, ".") == 0 || strcmp(at->d_name, "..") == 0)
			continue;
		one = mem_fmt("%s/%s", path, at->d_name);
		if (unlink(one) != 0)
			remove_all(one, depth - 1);
		free(one);
	}
	if (d != NULL)
		closedir(d);
	rmdir(path);
}

enum { DEPTH = 8 };

void
spool_end(const char *folder)
{
	if (folder == NULL)
		return;
	remove_all(folder, DEPTH);
	if (access(folder, F_OK) == 0)
		log_event(
		    LOG_WARN, "admin", NULL, NULL, "spool-not-removed", "folder", folder, NULL);
}

void
spool_clear(const char *root)
{
	char *base = mem_fmt("%s/spool", root);

	remove_all(base, DEPTH);
	free(base);
}
