#include "cmd/site.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "admin/backup_swap.h"
#include "admin/root.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "capf/server.h"
#include "cmd/scribe.h"
#include "trust/known.h"
#include "trust/order.h"
#include "trust/param.h"
#include "trust/service.h"
#include "trust/tally.h"

struct site {
	char *root;
	unsigned workers; /* 0: as the config says */
	int lock;
	struct store *store; /* of the thread that opened it */
	struct tls_tickets *tickets;
	struct capf_numbers *numbers;
	struct scribe *scribe;
	struct shifts *shifts;
};

/* A transfer takes a descriptor, or two. */
static void
raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int
site_relieve(struct site *s, struct err *e)
{
	struct setup fresh;
	int rc = setup_read(s->root, s->store, &fresh, e);

	if (rc == 0 && s->workers > 0)
		fresh.config.workers = s->workers;
	if (rc == 0)
		rc = shifts_relieve(s->shifts, &fresh, e);
	setup_free(&fresh);
	return rc;
}

static int
start_scribe(struct site *s, struct err *e)
{
	struct store *own = root_open_store(s->root, e);

	s->scribe = own == NULL ? NULL : scribe_new(own, e);
	return s->scribe == NULL ? -1 : 0;
}

/* The services start when all can be opened: a start that fails leaves what they had loaded. */
static int
start(struct site *s, bool boots, int64_t now, struct err *e)
{
	raise_descriptors();
	s->tickets = tls_tickets_new(e);
	s->numbers = capf_numbers_new(e);
	if (s->tickets == NULL || s->numbers == NULL || start_scribe(s, e) != 0)
		return -1;
	s->shifts = shifts_new(s->root, s->tickets, s->numbers, s->scribe);
	if (tally_begin(s->store, now, e) != 0 || site_relieve(s, e) != 0)
		return -1;
	return boots ? service_restart_running(s->store, now, e) : 0;
}

/* With what is to be done when there is nothing yet. */
static bool
has_store(const char *root, struct err *e)
{
	char *path = root_store(root);
	bool has = file_exists(path) || swap_is_open(root);

	free(path);
	if (!has)
		store_close(root_open_store(root, e));
	return has;
}

static struct site *
begin(const char *root, unsigned workers, bool boots, int64_t now, struct err *e)
{
	struct site *s = mem_new(sizeof(*s));
	int rc = -1;

	*s = (struct site){ .root = mem_text(root), .workers = workers, .lock = -1 };
	/* Whether there is a cluster at all comes before whether somebody serves it; and what is
	 * served is what lies there once nobody can restore another over it. */
	if (has_store(root, e))
		s->lock = root_lock(root, e);
	if (s->lock >= 0)
		s->store = root_open_locked(root, e);
	if (s->store != NULL)
		rc = start(s, boots, now, e);
	if (rc == 0)
		return s;
	site_close(s);
	return NULL;
}

struct site *
site_open(const char *root, unsigned workers, int64_t now, struct err *e)
{
	return begin(root, workers, true, now, e);
}

struct site *
site_resume(const char *root, unsigned workers, int64_t now, struct err *e)
{
	return begin(root, workers, false, now, e);
}

void
site_close(struct site *s)
{
	if (s == NULL)
		return;
	shifts_free(s->shifts);
	tls_tickets_free(s->tickets);
	scribe_free(s->scribe);
	capf_numbers_free(s->numbers);
	store_close(s->store);
	if (s->lock >= 0)
		close(s->lock);
	free(s->root);
	free(s);
}

bool
site_is_relieving(struct site *s)
{
	return shifts_are_leaving(s->shifts);
}

const struct setup *
site_setup(const struct site *s)
{
	return shifts_setup(s->shifts);
}

unsigned
site_workers(const struct site *s)
{
	return shifts_workers(s->shifts);
}

/* CUCM's certificate change notification: what was uploaded to or deleted from the trust stores
 * reaches TVS after a while. */
int
site_notify(struct site *s, int64_t now, struct err *e)
{
	const struct param *interval = param_find(PARAM_NOTIFY, NULL);
	char minutes[PARAM_VALUE_MAX];
	size_t told = 0;

	if (param_get(s->store, interval, minutes, e) != 0 ||
	    known_notify(s->store, strtol(minutes, NULL, 10), now, &told, e) != 0)
		return -1;
	if (told > 0)
		log_event(LOG_INFO, "tvs", NULL, NULL, "certificate-change-notification", "nodes",
		    LOG_NUM(told), NULL);
	return 0;
}

/* LSCs of which a given share of their life has passed get an order for a new one. */
int
site_renew(struct site *s, int64_t now, struct err *e)
{
	const struct param *share = param_find(PARAM_LSC_RENEWAL, NULL);
	char percent[PARAM_VALUE_MAX];
	size_t n = 0;

	if (param_get(s->store, share, percent, e) != 0 ||
	    order_renew(s->store, (int)strtol(percent, NULL, 10), now, &n, e) != 0)
		return -1;
	if (n > 0)
		log_event(
		    LOG_INFO, "capf", NULL, NULL, "renewal-ordered", "phones", LOG_NUM(n), NULL);
	return 0;
}

void
site_patience(struct site *s, int ms)
{
	store_patience(s->store, ms);
}
