#include "cmd/phone/fleet_plan.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Shares so small that parts of them in percent add up within FLEET_SHARE_MAX. */
enum { PART_BYTES = 64, MAC_DIGITS = 12, SHARE_MAX = 100000 };

#define BETWEEN ", \t"

static int
read_share(const char *text, unsigned *share, struct err *e)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (!isdigit((unsigned char)*text) || *end != '\0' || n < 1 || n > SHARE_MAX)
		return err_set(e, ERR_USAGE, "\"%.20s\" is no share from 1 to %d", text, SHARE_MAX);
	*share = (unsigned)n;
	return 0;
}

static bool
has_model(const struct fleet_mix *m, const struct model *model)
{
	for (size_t i = 0; i < m->parts; i++)
		if (m->part[i].model == model)
			return true;
	return false;
}

/* "7975:60" */
static int
add_part(struct fleet_mix *m, char *text, struct err *e)
{
	char *share = strchr(text, ':');
	const struct model *model;
	unsigned n = 1;

	if (share != NULL)
		*share++ = '\0';
	model = model_of(text);
	if (model == NULL)
		return err_set(e, ERR_USAGE, "%s is no model that we know", text);
	if (has_model(m, model))
		return err_set(e, ERR_USAGE, "%s is there twice", model->name);
	if (share != NULL && read_share(share, &n, e) != 0)
		return err_prefix(e, "%s", model->name);
	if (m->parts == FLEET_MODELS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d models", FLEET_MODELS_MAX);
	m->part[m->parts].model = model;
	m->part[m->parts++].share = n;
	return 0;
}

int
fleet_plan_models(const char *text, struct fleet_mix *out, struct err *e)
{
	struct fleet_mix m = *out;
	char part[PART_BYTES];
	size_t n;

	m.parts = 0;
	for (text += strspn(text, BETWEEN); *text != '\0'; text += strspn(text, BETWEEN)) {
		n = strcspn(text, BETWEEN);
		if (n >= sizeof(part))
			return err_set(e, ERR_USAGE, "%.60s... is no model", text);
		snprintf(part, sizeof(part), "%.*s", (int)n, text);
		text += n;
		if (add_part(&m, part, e) != 0)
			return -1;
	}
	if (m.parts == 0)
		return err_set(e, ERR_USAGE, "names no model");
	*out = m;
	return 0;
}

int
fleet_plan_mac(const char *text, uint64_t *out, struct err *e)
{
	size_t n = strlen(text);

	if (n == 0 || n > MAC_DIGITS || strspn(text, "0123456789abcdefABCDEF") != n)
		return err_set(e, ERR_USAGE, "\"%.40s\" is not up to twelve hex digits", text);
	*out = strtoull(text, NULL, 16);
	return 0;
}

static int
check_models(const char *text, void *field, struct err *e)
{
	return fleet_plan_models(text, field, e);
}

static int
check_mac(const char *text, void *field, struct err *e)
{
	return fleet_plan_mac(text, field, e);
}

#define NUMBER(word, least, most, field)                                                           \
	{                                                                                          \
		.section = "fleet", .key = (word), .kind = CONF_INT, .low = (least),               \
		.high = (most), .offset = offsetof(struct fleet_plan, field)                       \
	}
#define CHECKED(word, function, field)                                                             \
	{                                                                                          \
		.section = "fleet", .key = (word), .kind = CONF_CHECK, .check = (function),        \
		.offset = offsetof(struct fleet_plan, field)                                       \
	}

static int
check_tftp(const char *text, void *field, struct err *e)
{
	struct address a;
	char **to = field;

	if (address_of(text, FETCH_TFTP_PORT, &a, e) != 0)
		return -1;
	free(*to);
	*to = mem_text(text);
	return 0;
}

static const struct conf_setting table[] = {
	NUMBER("phones", 1, FLEET_PHONES_MAX, phones),
	NUMBER("off", 0, 100, off),
	NUMBER("non_sbd", 0, 100, non_sbd),
	CHECKED("models", check_models, models),
	CHECKED("first_mac", check_mac, first_mac),
	CHECKED("tftp", check_tftp, tftp),
	{ .section = "fleet",
	    .key = "memory",
	    .kind = CONF_PATH,
	    .offset = offsetof(struct fleet_plan, memory) },
};

enum { SETTINGS = sizeof(table) / sizeof(table[0]) };

int
fleet_plan_read(const char *path, struct fleet_plan *out, struct conf_report *report, struct err *e)
{
	*out = (struct fleet_plan){ .phones = 0 };
	return conf_read(path, table, SETTINGS, out, report, e);
}

void
fleet_plan_free(struct fleet_plan *p)
{
	conf_free(table, SETTINGS, p);
	free(p->tftp);
	p->tftp = NULL;
}

/* The shares of the others become parts of what is left. */
static int
add_non_sbd(struct fleet_mix *m, unsigned percent, struct err *e)
{
	unsigned sum = 0;

	for (size_t i = 0; i < m->parts; i++) {
		if (!m->part[i].model->sbd)
			return err_set(e, ERR_USAGE,
			    "non_sbd, and a %s among the models, which has no Security By Default",
			    m->part[i].model->name);
		sum += m->part[i].share;
		m->part[i].share *= 100 - percent;
	}
	if (m->parts == FLEET_MODELS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d models", FLEET_MODELS_MAX);
	if (percent == 100)
		m->parts = 0;
	m->part[m->parts].model = model_of(FLEET_PLAN_NON_SBD);
	m->part[m->parts++].share = sum * percent;
	return 0;
}

int
fleet_plan_mix(const struct fleet_plan *p, struct fleet_mix *out, struct err *e)
{
	struct fleet_mix m = p->models;

	*out = (struct fleet_mix){ .parts = 0 };
	if (m.parts == 0) {
		m.part[m.parts].model = model_of("7975");
		m.part[m.parts++].share = 1;
	}
	if (p->non_sbd > 0 && add_non_sbd(&m, (unsigned)p->non_sbd, e) != 0)
		return -1;
	m.phones = (size_t)p->phones;
	m.off = (unsigned)p->off;
	m.first_mac = p->first_mac;
	*out = m;
	return 0;
}
