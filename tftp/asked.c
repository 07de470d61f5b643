#include "tftp/asked.h"

#include <string.h>
#include <strings.h>

#define CONFIG_SUFFIX	 ".cnf.xml"
#define LIST_SUFFIX	 ".tlv"
#define SIGNED_SUFFIX	 ".sgn"
#define ENCRYPTED_SUFFIX ".enc.sgn"

/* What we never sign: firmware and .cop packages carry Cisco's signature inside (the phone checks
 * that one), lists and encrypted configuration a signature of their own, and nothing is signed
 * twice. */
static const char *const unsigned_suffix[] = { ".loads", ".sbn", ".sbin", ".bin", ".zup", ".zz",
	".cop", ".tlv", ".enc", ".sgn", ".sha512" };

static bool
ends_with(const char *text, const char *suffix)
{
	size_t n = strlen(text), m = strlen(suffix);

	return n > m && strcasecmp(&text[n - m], suffix) == 0;
}

static bool
may_be_signed(const char *name)
{
	for (size_t i = 0; i < sizeof(unsigned_suffix) / sizeof(unsigned_suffix[0]); i++)
		if (ends_with(name, unsigned_suffix[i]))
			return false;
	return true;
}

/* Some phones, and HTTP, put a slash before the name, some clients "./": both mean the folder. */
static const char *
from_folder(const char *name)
{
	for (;;) {
		if (name[0] == '/')
			name++;
		else if (name[0] == '.' && name[1] == '/')
			name += 2;
		else
			return name;
	}
}

/* Each part of the path is a name that is not hidden: this leaves out "..", and makes the one
 * spelling of a path that a cache can know it by. */
static bool
is_proper(const char *path)
{
	const char *part = path;

	while (part != NULL) {
		if (part[0] == '\0' || part[0] == '/' || part[0] == '.')
			return false;
		part = strchr(part, '/');
		part = part == NULL ? NULL : part + 1;
	}
	return true;
}

/* The device name between prefix and suffix; false when there is none. */
static bool
device_between(const char *name, const char *prefix, const char *suffix, char to[DEVICE_NAME_MAX])
{
	size_t before = strlen(prefix), after = strlen(suffix), n = strlen(name);

	to[0] = '\0';
	if (n <= before + after || n - before - after >= DEVICE_NAME_MAX)
		return false;
	if (strncmp(name, prefix, before) != 0 || strcmp(&name[n - after], suffix) != 0)
		return false;
	memcpy(to, &name[before], n - before - after);
	to[n - before - after] = '\0';
	if (device_name_is(to))
		return true;
	to[0] = '\0';
	return false;
}

static enum asked_kind
kind_of(const char *plain, char device[DEVICE_NAME_MAX])
{
	device[0] = '\0';
	if (strcmp(plain, "CTLFile" LIST_SUFFIX) == 0 ||
	    device_between(plain, "CTL", LIST_SUFFIX, device))
		return ASKED_CTL;
	if (strcmp(plain, "ITLFile" LIST_SUFFIX) == 0 ||
	    device_between(plain, "ITL", LIST_SUFFIX, device))
		return ASKED_ITL;
	if (strcmp(plain, "XMLDefault" CONFIG_SUFFIX) == 0)
		return ASKED_DEFAULT;
	if (device_between(plain, "", CONFIG_SUFFIX, device))
		return ASKED_CONFIG;
	return ASKED_FILE;
}

/* Only phones have a key that something could be encrypted to. */
static bool
is_encrypted_config(const char *path)
{
	char device[DEVICE_NAME_MAX];

	return device_between(path, "", CONFIG_SUFFIX ENCRYPTED_SUFFIX, device);
}

/* Splits what is asked for into the file and what we are to make of it. */
static void
split(struct asked *a, const char *path)
{
	size_t n = strlen(path);

	memcpy(a->name, path, n + 1);
	memcpy(a->plain, path, n + 1);
	a->is_encrypted = is_encrypted_config(path);
	if (a->is_encrypted) {
		a->plain[n - strlen(ENCRYPTED_SUFFIX)] = '\0';
		return;
	}
	if (!ends_with(path, SIGNED_SUFFIX))
		return;
	a->plain[n - strlen(SIGNED_SUFFIX)] = '\0';
	a->is_signed = may_be_signed(a->plain);
	if (!a->is_signed)
		memcpy(a->plain, path, n + 1);
}

int
asked_of(const char *name, struct asked *out, struct err *e)
{
	const char *path = from_folder(name);

	*out = (struct asked){ .kind = ASKED_FILE };
	if (strlen(path) >= ASKED_NAME_MAX)
		return err_set(e, ERR_NOT_FOUND, "a name of %zu bytes", strlen(path));
	if (!is_proper(path))
		return err_set(e, ERR_NOT_FOUND, "%s: not a name that a file has here", name);
	split(out, path);
	out->kind = kind_of(out->plain, out->device);
	return 0;
}
