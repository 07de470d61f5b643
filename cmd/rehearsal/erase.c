#include "cmd/rehearsal/erase.h"

#include <stddef.h>

#include "cmd/rehearsal/state.h"

/*
 * TechNote 116232 ("Security By Default and ITL Operation and Troubleshooting") and the phones'
 * administration guides: the 7900 family erases a list from the list itself, after **# has
 * unlocked the menu; later families forget all lists, and their LSC, by a reset of their security
 * settings.
 */
static const struct {
	const char *models, *path;
} paths[] = {
	{ "7921 7925 7926",
	    "Settings > System Configuration > Security > Trust List: **# unlocks, then Erase" },
	{ "79xx",
	    "Settings > Security Configuration > Trust List > ITL File (CTL File): **# unlocks, then "
	    "Erase" },
	{ "78xx 88xx",
	    "Applications (or Settings) > Admin settings > Reset settings > Security settings" },
	{ "89xx 99xx",
	    "Applications > Administrator Settings > Reset Settings > Security Settings" },
	{ "69xx 39xx", "Applications > Admin Settings > Reset Settings > Security" },
};

const char *
erase_path(const struct model *m)
{
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (models_match(paths[i].models, m))
			return paths[i].path;
	return "reset the security settings as its administration guide says, or to factory "
	       "defaults";
}
