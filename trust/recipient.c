#include "trust/recipient.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"
#include "trust/certs.h"
#include "trust/chain.h"
#include "trust/enc.h"
#include "trust/lsc.h"

/* Most MICs and the CAs that signed them have run out: both must have been valid at one time, not
 * now. */
static bool
is_issued_by(const struct cert *c, const struct cert *const *trusted, size_t n)
{
	struct chain chain;
	int64_t end;

	chain_follow(c, trusted, n, &chain);
	if (chain.n < 2)
		return false;
	chain.n = 2; /* whoever is trusted is so by itself */
	chain.whole = false;
	end = cert_not_after(chain.cert[0]);
	if (cert_not_after(chain.cert[1]) < end)
		end = cert_not_after(chain.cert[1]);
	return chain_check(&chain, end - 1, NULL) == 0;
}

/* 1, 0, -1. */
static int
is_trusted(struct store *s, const struct cert *mic, struct err *e)
{
	struct held_cert *held;
	const struct cert **trusted;
	size_t n;
	bool yes;

	if (certs_list_of(s, "CAPF-trust", &held, &n, e) != 0)
		return -1;
	trusted = mem_array(n, sizeof(const struct cert *));
	for (size_t i = 0; i < n; i++)
		trusted[i] = held[i].cert;
	yes = is_issued_by(mic, trusted, n);
	free(trusted);
	certs_list_free(held, n);
	return yes ? 1 : 0;
}

/* 1, 0 and why not, -1. */
static int
is_mic_of_use(struct store *s, const struct cert *mic, struct err *why, struct err *e)
{
	int rc;

	if (mic == NULL) {
		err_set(why, ERR_NOT_FOUND, "it showed no MIC");
		return 0;
	}
	if (enc_check_recipient(mic, why) != 0)
		return 0;
	rc = is_trusted(s, mic, e);
	if (rc == 0)
		err_set(why, ERR_NOT_FOUND, "nobody in CAPF-trust signed the MIC that it showed");
	return rc;
}

static int
mic_of(struct store *s, const char *phone, struct cert **out, struct err *why, struct err *e)
{
	struct cert *mic = NULL;
	int64_t at;
	int rc = -1;

	if (lsc_shown_get(s, phone, SHOWN_MIC, &mic, &at, e) == 0)
		rc = is_mic_of_use(s, mic, why, e);
	if (rc != 1) {
		cert_free(mic);
		return rc;
	}
	*out = mic;
	return 1;
}

/* Both reasons in one sentence. */
static int
explain(const struct cert *lsc, const char *phone, struct err *why)
{
	struct err mic = *why;

	err_set(why, ERR_NOT_FOUND, "%.60s has no certificate to encrypt to: %s, and %s", phone,
	    lsc == NULL ? "it holds no LSC" : "the key of its LSC is not RSA", mic.text);
	return err_hint(why,
	    "trustlist capf schedule %.60s --operation install --key rsa:2048 gives it an LSC",
	    phone);
}

int
recipient_of(struct store *s, const char *phone, struct cert **out, struct err *why, struct err *e)
{
	struct cert *lsc;
	int rc;

	*out = NULL;
	*why = (struct err){ 0 };
	if (lsc_held(s, phone, &lsc, e) != 0)
		return -1;
	if (lsc != NULL && enc_check_recipient(lsc, NULL) == 0) {
		*out = lsc;
		return 1;
	}
	rc = mic_of(s, phone, out, why, e);
	if (rc == 0)
		explain(lsc, phone, why);
	cert_free(lsc);
	return rc;
}
