/*
 * cert_name: how an operator names a certificate - by its identity store ("CallManager", of a
 * node), or by STORE/FILE as `cert list` shows it.
 */
#ifndef TL_ADMIN_CERT_NAME_H
#define TL_ADMIN_CERT_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "trust/certs.h"

/* The one that is meant, among all places; node: whose, where it is an identity store.  Case of the
 * store is ignored, ".pem" may be left out.  NULL with ERR_NOT_FOUND. */
const struct held_cert *cert_name_find(
    const char *name, const struct held_cert *all, size_t n, int64_t node, struct err *e);
/* The cluster's own, and not one that it trusts. */
bool cert_name_is_identity(const struct held_cert *h);

#endif
