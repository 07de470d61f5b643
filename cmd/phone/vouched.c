#include "cmd/phone/vouched.h"

#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/file.h"
#include "base/mem.h"
#include "cmd/phone/tvscall.h"
#include "cmd/phone/when.h"
#include "trust/role.h"

enum { FOLDER_MODE = 0700, FILE_MODE = 0600, NAME_MAX_HEX = 41, SUBJECT_TEXT_MAX = 1024 };

static int
read_roles(const char *text, void *field, struct err *e)
{
	struct vouched *v = field;
	char *end;

	for (v->roles = 0; *text != '\0'; text = end + strspn(end, " ")) {
		unsigned long role = strtoul(text, &end, 10);

		if (end == text || role > UINT8_MAX || v->roles == TVS_ROLES_MAX)
			return err_set(e, ERR_MALFORMED, "not numbers of roles");
		v->role[v->roles++] = (uint8_t)role;
	}
	return 0;
}

static const struct conf_setting table[] = {
	{ .section = "answer",
	    .key = "roles",
	    .kind = CONF_CHECK,
	    .offset = 0, /* fills two fields */
	    .check = read_roles },
	{ .section = "answer",
	    .key = "expires",
	    .kind = CONF_CHECK,
	    .offset = offsetof(struct vouched, expires),
	    .check = when_check },
};

enum { SETTINGS = sizeof(table) / sizeof(table[0]) };

void
vouched_clear(struct vouched *v)
{
	cert_free(v->cert);
	*v = (struct vouched){ .cert = NULL };
}

static char *
folder_of(const char *memory)
{
	return mem_fmt("%s/tvs", memory);
}

static int
replace(
    const char *folder, const char *name, const char *suffix, struct bytes content, struct err *e)
{
	char *path = mem_fmt("%s/%s%s", folder, name, suffix);
	int rc = file_replace(path, content, FILE_MODE, e);

	free(path);
	return rc;
}

/* What is said for people stands in comments: the certificate is in the file beside this one. */
static void
write_text(const struct vouched *v, struct wr *out)
{
	char subject[SUBJECT_TEXT_MAX], when[WHEN_MAX];

	bytes_printable(bytes_of(cert_subject(v->cert, CERT_CISCO)), subject, sizeof(subject));
	when_text(v->expires, when);
	wr_fmt(
	    out, "# TVS vouched for this certificate; the phone asks again when that expires.\n");
	wr_fmt(out, "# %s\n", subject);
	for (size_t i = 0; i < v->roles; i++)
		wr_fmt(out, "# role %u is %s\n", v->role[i], role_word(v->role[i]));
	wr_fmt(out, "[answer]\nexpires = %s\n", when);
	wr_text(out, v->roles > 0 ? "roles =" : "");
	for (size_t i = 0; i < v->roles; i++)
		wr_fmt(out, " %u", v->role[i]);
	wr_text(out, v->roles > 0 ? "\n" : "");
}

int
vouched_keep(const char *memory, const struct vouched *v, struct err *e)
{
	char *folder = folder_of(memory), name[NAME_MAX_HEX];
	struct wr text = { 0 };
	int rc;

	bytes_hex(cert_sha1(v->cert), '\0', name, sizeof(name));
	write_text(v, &text);
	rc = file_make_folder(folder, FOLDER_MODE, e);
	if (rc == 0)
		rc = replace(folder, name, ".der", cert_der(v->cert), e);
	if (rc == 0)
		rc = replace(folder, name, ".txt", wr_view(&text), e);
	wr_free(&text);
	free(folder);
	return rc;
}

/* The certificate in NAME.der, if it is the one of this name. */
static struct cert *
read_cert(const char *folder, const char *name)
{
	char *path = mem_fmt("%s/%s.der", folder, name), sha1[NAME_MAX_HEX];
	struct wr der = { 0 };
	struct cert *c = NULL;

	if (file_read(path, CERT_DER_MAX, &der, NULL) == 0)
		c = cert_from_der(wr_view(&der), NULL);
	wr_free(&der);
	free(path);
	if (c == NULL)
		return NULL;
	bytes_hex(cert_sha1(c), '\0', sha1, sizeof(sha1));
	if (strcmp(sha1, name) == 0)
		return c;
	cert_free(c);
	return NULL;
}

static bool
read_one(const char *folder, const char *name, struct vouched *out)
{
	char *path = mem_fmt("%s/%s.txt", folder, name);
	struct vouched v = { .cert = NULL };
	int rc = conf_read(path, table, SETTINGS, &v, NULL, NULL);

	free(path);
	v.cert = rc == 0 ? read_cert(folder, name) : NULL;
	if (v.cert == NULL)
		return false;
	*out = v;
	return true;
}

static bool
holds(const char *folder, const char *name, const struct tvs_request *asked, int64_t now,
    struct vouched *out)
{
	struct vouched v;

	if (!read_one(folder, name, &v))
		return false;
	if (now < v.expires && tvscall_is_about(asked, v.cert)) {
		*out = v;
		return true;
	}
	vouched_clear(&v);
	return false;
}

/* NAME of a file of ours with this suffix; false for others. */
static bool
name_of(const struct dirent *entry, const char *suffix, char name[NAME_MAX_HEX])
{
	enum { HEX = NAME_MAX_HEX - 1 };

	if (strspn(entry->d_name, "0123456789abcdef") != HEX ||
	    strcmp(entry->d_name + HEX, suffix) != 0)
		return false;
	memcpy(name, entry->d_name, HEX);
	name[HEX] = '\0';
	return true;
}

bool
vouched_find(const char *memory, const struct tvs_request *asked, int64_t now, struct vouched *out)
{
	char *folder = folder_of(memory), name[NAME_MAX_HEX];
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	bool found = false;

	*out = (struct vouched){ .cert = NULL };
	while (!found && dir != NULL && (entry = readdir(dir)) != NULL)
		found = name_of(entry, ".txt", name) && holds(folder, name, asked, now, out);
	if (dir != NULL)
		closedir(dir);
	free(folder);
	return found;
}

static int
erase_in(DIR *dir, struct err *e)
{
	const struct dirent *entry;
	char name[NAME_MAX_HEX];

	while ((entry = readdir(dir)) != NULL) {
		if (!name_of(entry, ".txt", name) && !name_of(entry, ".der", name))
			continue;
		if (unlinkat(dirfd(dir), entry->d_name, 0) != 0)
			return err_errno(e, "cannot erase %s", entry->d_name);
	}
	return 0;
}

int
vouched_erase(const char *memory, struct err *e)
{
	char *folder = folder_of(memory);
	DIR *dir = opendir(folder);
	int rc = 0;

	if (dir != NULL) {
		rc = erase_in(dir, e);
		closedir(dir);
	} else if (errno != ENOENT) {
		rc = err_errno(e, "cannot read the folder %s", folder);
	}
	free(folder);
	return rc;
}
