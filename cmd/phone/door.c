#include "cmd/phone/door.h"

/* A record has the certificate, or in newer ITLs a hash of it. */
static bool
is_record_of(const struct tlist_record *r, const struct cert *c)
{
	if (r->cert != NULL)
		return cert_eq(r->cert, c);
	return r->hash.n > 0 &&
	       (bytes_eq(r->hash, cert_sha1(c)) || bytes_eq(r->hash, cert_sha256(c)));
}

static bool
is_in(const struct tlist *l, enum role role, const struct cert *c)
{
	for (size_t i = 0; l != NULL && i < l->n; i++)
		if (l->record[i].role == role && is_record_of(&l->record[i], c))
			return true;
	return false;
}

int
door_check(void *ctx, struct bytes der, struct err *e)
{
	struct door *door = ctx;
	struct cert *c = cert_from_der(der, e);

	door->is_stranger = true;
	if (c == NULL)
		return err_prefix(e, "its certificate");
	door->is_stranger =
	    !is_in(door->list[0], door->role, c) && !is_in(door->list[1], door->role, c);
	if (door->is_stranger)
		err_set(e, ERR_NO, "its certificate, of %.160s, is none of the %s in %s",
		    cert_subject(c, CERT_CISCO), role_word(door->role), door->lists);
	cert_free(c);
	return door->is_stranger ? -1 : 0;
}

/* AES with RSA key exchange is all that a 79xx knows. */
struct tls_rules
door_rules(const struct model *m)
{
	if (m->tls12)
		return (struct tls_rules){ .min = TLS_1_0, .max = TLS_1_2 };
	return (
	    struct tls_rules){ .min = TLS_1_0, .max = TLS_1_0, .ciphers = "AES256-SHA:AES128-SHA" };
}
