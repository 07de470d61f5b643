#include "cmd/phone/verify.h"

#include <stdio.h>

#include "trust/role.h"

const char *
verify_reason_word(enum verify_reason reason)
{
	static const char *const word[] = {
		[VERIFY_IN_CTL] = "in-ctl",
		[VERIFY_IN_ITL] = "in-itl",
		[VERIFY_VOUCHED] = "tvs-vouches",
		[VERIFY_NO_TVS] = "no-tvs-in-itl",
		[VERIFY_UNREACHABLE] = "tvs-unreachable",
		[VERIFY_LACKS] = "tvs-lacks-certificate",
	};

	return word[reason];
}

static bool
find_in(const struct tlist *l, enum verify_reason reason, const struct cert *shown,
    struct verify_result *out)
{
	for (size_t i = 0; l != NULL && i < l->n; i++) {
		const struct tlist_record *r = &l->record[i];

		if (r->cert == NULL || !cert_eq(r->cert, shown))
			continue;
		out->reason = reason;
		out->trusted = true;
		snprintf(out->why, sizeof(out->why), "record %zu of the phone's %s, in the role %s",
		    i + 1, reason == VERIFY_IN_CTL ? "CTL" : "ITL", role_word(r->role));
		return true;
	}
	return false;
}

static void
refuse(struct verify_result *out, enum verify_reason reason, const char *why)
{
	out->reason = reason;
	snprintf(out->why, sizeof(out->why), "in no list of the phone, and %s%s%s", why,
	    out->tvs.why[0] != '\0' ? ": " : "", out->tvs.why);
}

static void
verify_by_tvs(
    struct asker *a, const struct ask_phone *p, const struct cert *shown, struct verify_result *out)
{
	const struct tlist *itl = p->memory->list[MEMORY_ITL];

	if (!p->model->sbd || itl == NULL || !tlist_has_role(itl, ROLE_TVS)) {
		refuse(out, VERIFY_NO_TVS,
		    itl == NULL ? "it has no ITL, so no TVS to ask"
				: "its ITL names no TVS to ask");
		return;
	}
	ask_cert(a, p, shown, &out->tvs);
	out->trusted = out->tvs.end == ASK_VOUCHED || out->tvs.end == ASK_REMEMBERED;
	if (out->tvs.end == ASK_UNKNOWN) {
		refuse(out, VERIFY_LACKS, "TVS does not know it");
	} else if (!out->trusted) {
		refuse(out, VERIFY_UNREACHABLE, "TVS cannot be reached");
	} else {
		out->reason = VERIFY_VOUCHED;
		snprintf(out->why, sizeof(out->why), "TVS vouches for it%s%s",
		    out->tvs.why[0] != '\0' ? ": " : "", out->tvs.why);
	}
}

void
phone_verify(
    struct asker *a, const struct ask_phone *p, const struct cert *shown, struct verify_result *out)
{
	const struct memory *m = p->memory;

	*out = (struct verify_result){ .trusted = false };
	snprintf(out->common_name, sizeof(out->common_name), "%s", cert_common_name(shown));
	if (!find_in(m->list[MEMORY_CTL], VERIFY_IN_CTL, shown, out) &&
	    !find_in(m->list[MEMORY_ITL], VERIFY_IN_ITL, shown, out))
		verify_by_tvs(a, p, shown, out);
	words_verify(out, &out->console);
}
