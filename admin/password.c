#include "admin/password.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Yescrypt, as costly as the library holds right for logins. */
#define METHOD "$y$"
enum { COST_OF_LIBRARY = 0 };

static bool
is_control(struct bytes b, size_t i)
{
	if (b.p[i] < 0x20 || b.p[i] == 0x7f)
		return true;
	/* U+0080 to U+009F */
	return b.p[i] == 0xc2 && i + 1 < b.n && b.p[i + 1] < 0xa0;
}

int
password_check(struct bytes password, struct err *e)
{
	if (password.n < PASSWORD_MIN || password.n > PASSWORD_MAX)
		return err_set(e, ERR_USAGE, "a password has %d to %d bytes, not %zu", PASSWORD_MIN,
		    PASSWORD_MAX, password.n);
	if (!bytes_is_utf8(password))
		return err_set(e, ERR_USAGE, "a password is UTF-8 text");
	for (size_t i = 0; i < password.n; i++)
		if (is_control(password, i))
			return err_set(e, ERR_USAGE, "a password has no control characters");
	return 0;
}

/* 32 KiB of the library's own, which has seen the password: not on the stack, and wiped. */
static int
crypt_to(struct bytes password, const char *setting, char to[USER_HASH_MAX])
{
	struct crypt_data *data = mem_new(sizeof(*data));
	char *text = mem_text_n((const char *)password.p, password.n);
	const char *hash = crypt_rn(text, setting, data, (int)sizeof(*data));
	bool fits = hash != NULL && strlen(hash) < USER_HASH_MAX;

	snprintf(to, USER_HASH_MAX, "%s", fits ? hash : "");
	mem_wipe(text, password.n);
	free(text);
	mem_wipe(data, sizeof(*data));
	free(data);
	return fits ? 0 : -1;
}

int
password_hash(struct bytes password, char to[USER_HASH_MAX], struct err *e)
{
	char *setting;
	int rc;

	to[0] = '\0';
	if (password_check(password, e) != 0)
		return -1;
	/* Without bytes for the salt the library takes them from the operating system. */
	setting = crypt_gensalt_ra(METHOD, COST_OF_LIBRARY, NULL, 0);
	if (setting == NULL)
		return err_errno(e, "no salt for a password");
	rc = crypt_to(password, setting, to);
	free(setting);
	return rc == 0 ? 0 : err_errno(e, "cannot hash a password");
}

/* What a user who does not exist is compared with: as costly as any that is made now. */
static char nobody[USER_HASH_MAX];
static pthread_once_t nobody_once = PTHREAD_ONCE_INIT;

static void
make_nobody(void)
{
	password_hash(bytes_of("nobody has this one"), nobody, NULL);
}

static bool
is_same(const char *a, const char *b)
{
	size_t n = strlen(a);

	return n > 0 && strlen(b) == n && CRYPTO_memcmp(a, b, n) == 0;
}

/* One that no rule allows is nobody's, and is not worth the work: that tells nothing of users.  The
 * library would also end it at a NUL. */
bool
password_is(struct bytes password, const char *hash)
{
	char made[USER_HASH_MAX];
	bool right;

	if (password_check(password, NULL) != 0)
		return false;
	pthread_once(&nobody_once, make_nobody);
	right = crypt_to(password, hash != NULL ? hash : nobody, made) == 0 &&
		is_same(made, hash != NULL ? hash : nobody) && hash != NULL;
	mem_wipe(made, sizeof(made));
	return right;
}
