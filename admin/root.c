#include "admin/root.h"

#include <stdlib.h>

#include "base/mem.h"
#include "trust/node.h"

char *
root_store(const char *root)
{
	return mem_fmt("%s/trustlist.db", root);
}

char *
root_conf(const char *root)
{
	return mem_fmt("%s/trustlist.conf", root);
}

char *
root_folder(const char *root)
{
	return mem_fmt("%s/tftp", root);
}

struct store *
root_open_store(const char *root, struct err *e)
{
	char *path = root_store(root);
	struct store *s = store_open(path, STORE_EXISTING, e);
	struct cluster c;

	free(path);
	if (s == NULL)
		return NULL;
	/* An init that was cut short leaves a store without a cluster. */
	if (cluster_get(s, &c, e) == 0)
		return s;
	err_hint(e, "make one with: trustlist --root %.100s cluster init --name NAME", root);
	store_close(s);
	return NULL;
}
