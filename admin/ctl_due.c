#include "admin/ctl_due.h"

const char *
ctl_due_command(bool tokens)
{
	return tokens ? "trustlist ctl update --token NAME" : "trustlist ctl update";
}

void
ctl_due_show(struct out *o, const struct cluster_change *change)
{
	if (change->ctl_number == 0)
		return; /* the cluster never had one */
	out_bool(o, "ctl_update_due", NULL, change->ctl_due);
	if (!change->ctl_due)
		return;
	out_line(o,
	    "Warning: the CTL (number %d) does not name the certificates of now. Bring it up to "
	    "date before the services restart and the phones boot:",
	    change->ctl_number);
	out_line(o, "  %s", ctl_due_command(change->ctl_tokens));
}
