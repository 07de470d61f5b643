/*
 * device: the phones we know - model, firmware, security mode, encrypted configuration.
 */
#ifndef TL_TRUST_DEVICE_H
#define TL_TRUST_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "trust/model.h"
#include "trust/store.h"

enum { DEVICE_DESCRIPTION_MAX = 129, DEVICE_LOAD_MAX = 65 };

/* As the configuration file's deviceSecurityMode says it. */
enum security_mode { SECURITY_NONE = 1, SECURITY_AUTHENTICATED = 2, SECURITY_ENCRYPTED = 3 };

struct device {
	char name[DEVICE_NAME_MAX]; /* SEP001122334455 */
	const struct model *model;
	char description[DEVICE_DESCRIPTION_MAX];
	char load[DEVICE_LOAD_MAX]; /* firmware it is told to run; "": what it has */
	enum security_mode security;
	bool encrypted_config; /* its configuration is for its eyes only */
	int64_t added;
	int64_t resets; /* how often it was asked to boot again */
	int64_t stamp;	/* another number, another configuration */
};

int device_add(struct store *s, const struct device *d, struct err *e);
/* 1, 0 when we do not know it, -1. */
int device_get(struct store *s, const char *name, struct device *out, struct err *e);
/* By name.  *out is the caller's to free. */
int device_list(struct store *s, struct device **out, size_t *n, struct err *e);
int device_delete(struct store *s, const char *name, struct err *e);
/* What is to be another; NULL, 0 and -1: it stays. */
struct device_change {
	const struct model *model;
	const char *description, *load;
	enum security_mode security;
	int encrypted_config;
};
/* What has changed by it has a new stamp; *changed false: it was so already.  *now: what it is
 * then. */
int device_change(struct store *s, const char *name, const struct device_change *to,
    struct device *now, bool *changed, struct err *e);
/* Asks it to boot again; name NULL: all of them.  *n: how many. */
int device_reset(struct store *s, const char *name, size_t *n, struct err *e);

#endif
